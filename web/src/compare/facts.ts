import type { Result, Task } from '../api/types.ts'
import { credits, number, t } from '../i18n/index.ts'
import { labelOf, valueText } from '../make/params/field.ts'
import { sizeOf } from '../task/Report.tsx'

export type Fact = { label: string; value: string }

/** Everything about a result that one would hold against another: what was asked for and what came of it. */
export function factsOf(task: Task, result: Result | undefined): Fact[] {
  const facts: Fact[] = [
    ...(task.prompt ? [{ label: t('compare.words'), value: task.prompt }] : []),
    { label: t('asked.engine'), value: `${task.model} ${task.model_version}` },
    ...Object.entries(task.params).map(([name, value]) => ({ label: labelOf(name), value: valueText(name, value) })),
    { label: t('param.seed'), value: String(task.seed) },
    { label: t('asked.price'), value: credits(task.charged) },
  ]
  if (typeof task.timings['running_s'] === 'number') {
    facts.push({ label: t('compare.took'), value: t('stage.seconds', { n: number(task.timings['running_s'], 1) }) })
  }
  if (result === undefined) return facts
  const sides = sizeOf(result.report)
  if (sides !== null) {
    const [x, y, z] = sides.map((side) => number(side, side < 10 ? 1 : 0))
    facts.push({ label: t('compare.size'), value: t('report.dimensions', { x: x!, y: y!, z: z! }) })
  }
  if (result.report.faces !== undefined) facts.push({ label: t('compare.faces'), value: number(result.report.faces) })
  if (result.report.watertight !== undefined) {
    facts.push({ label: t('report.title'), value: t(result.report.watertight ? 'report.closed' : 'report.open') })
  }
  return facts
}
