import type { Task, TaskEvent } from '../api/types.ts'
import { t } from '../i18n/index.ts'

/** The five steps a person sees; engines have more. */
export const STEPS = ['queued', 'field', 'surface', 'texture', 'files'] as const
export type Step = (typeof STEPS)[number]

const STEP_OF: Readonly<Record<string, Step>> = {
  prepare: 'field',
  fetch: 'field',
  understand: 'field',
  photo: 'field',
  remote: 'field',
  field: 'field',
  surface: 'surface',
  texture: 'texture',
  files: 'files',
  preview: 'files',
  upload: 'files',
}

/** The stage to show once `told` is heard: one that the page does not know leaves it where it was. */
export const stageAfter = (before: string | null | undefined, told: string | null | undefined): string | null =>
  told && (told in STEP_OF || !before) ? told : (before ?? null)

/** The step that an engine's stage belongs to. Until one is known that is finding the form. */
export function stepOf(status: Task['status'], stage: string | null | undefined): Step {
  if (status === 'queued') return 'queued'
  return stage ? (STEP_OF[stage] ?? 'field') : 'field'
}

/** What is done just now, in words; the server says in its own when no worker that is there can do it. */
export function doing({ status, stage, message }: Pick<Task, 'status' | 'stage' | 'message'>): string {
  if (status === 'queued' && message?.startsWith('No worker can run ')) return t('stage.noWorker')
  return t(`stage.doing.${stepOf(status, stage)}`)
}

/** Seconds by step, as the server measured them: from the task's timings, else from the terminal event's metrics. */
export function secondsBySteps(task: Task, events: readonly TaskEvent[]): Partial<Record<Step, number>> {
  const metrics = { ...events.findLast((event) => event.metrics)?.metrics, ...task.timings }
  const found: Partial<Record<Step, number>> = {}
  for (const [name, seconds] of Object.entries(metrics)) {
    const stage = /^(\w+)_s$/.exec(name)?.[1]
    const step = stage === 'queued' ? 'queued' : stage && STEP_OF[stage]
    if (step) found[step] = (found[step] ?? 0) + seconds
  }
  return found
}
