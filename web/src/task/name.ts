import type { Task } from '../api/types.ts'
import { t } from '../i18n/index.ts'

/** What a person calls the task: its words, or that it came from a photo. */
export function nameOf(task: Pick<Task, 'prompt' | 'inputs'>): string {
  if (task.prompt) return task.prompt
  if (task.inputs.length === 0) return t('task.model')
  return t(task.inputs.length > 1 ? 'task.photos' : 'task.photo')
}

/** A file name for a download: `a-red-wooden-chair.glb`. */
export function fileName(task: Task, suffix: string): string {
  const stem = nameOf(task)
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
  return `${stem || 'model'}${suffix}`
}
