import { useState } from 'react'
import type { ReaderLag } from '../api/operator.ts'
import { number, t, tOr } from '../i18n/index.ts'
import { Section, Table } from './Section.tsx'
import { useLag } from './useWatched.ts'

/** How far each reader is behind the log: by topic, or for every partition. */
export function Lag() {
  const { data, error, isPending } = useLag()
  const [every, setEvery] = useState(false)
  const readers = data?.items ?? []
  const rows = every ? readers.map((reader) => ({ ...reader, partitions: 1 })) : byTopic(readers)
  return (
    <Section
      title={t('operator.lag')}
      failure={error}
      loading={isPending}
      aside={
        <label className="tick">
          <input type="checkbox" checked={every} onChange={({ target }) => setEvery(target.checked)} />
          <span>{t('operator.lag.every')}</span>
        </label>
      }
    >
      <Table
        label={t('operator.lag')}
        empty={t('operator.none')}
        columns={[
          { name: t('operator.lag.reader') },
          { name: t('operator.lag.topic') },
          { name: every ? t('operator.lag.partition') : t('operator.lag.partitions'), numeric: true },
          { name: t('operator.lag.position'), numeric: true },
          { name: t('operator.lag.end'), numeric: true },
          { name: t('operator.lag.behind'), numeric: true },
          { name: t('operator.lag.parked'), numeric: true },
        ]}
        rows={rows.map((row) => ({
          key: `${row.projection}/${row.topic}/${row.partition}`,
          alarm: row.parked > 0 || row.behind > 1000,
          cells: [
            tOr(`reader.${row.projection}`, row.projection),
            <code key="topic">{row.topic}</code>,
            every ? row.partition : row.partitions,
            number(row.position),
            number(row.end),
            number(row.behind),
            number(row.parked),
          ],
        }))}
      />
    </Section>
  )
}

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
