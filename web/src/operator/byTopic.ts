import type { ReaderLag } from '../api/operator.ts'

/** The partitions of each reader and topic together: sums of offsets, which is what their progress is. */
export function byTopic(readers: ReaderLag[]): (ReaderLag & { partitions: number })[] {
  const found = new Map<string, ReaderLag & { partitions: number }>()
  for (const reader of readers) {
    const key = `${reader.projection}/${reader.topic}`
    const sum = found.get(key)
    if (sum === undefined) found.set(key, { ...reader, partitions: 1 })
    else {
      found.set(key, {
        ...sum,
        partitions: sum.partitions + 1,
        position: sum.position + reader.position,
        end: sum.end + reader.end,
        behind: sum.behind + reader.behind,
        parked: sum.parked + reader.parked,
      })
    }
  }
  return [...found.values()]
}
