import type { Task } from '../api/types.ts'

const plain = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

/** Does the task hold every word that is sought, in its words, its engine, or at the beginning of its id? */
export function matches(task: Pick<Task, 'task_id' | 'prompt' | 'model'>, sought: string): boolean {
  const text = plain(`${task.prompt ?? ''} ${task.model}`)
  return plain(sought)
    .split(/\s+/)
    .every((word) => text.includes(word) || (word.length >= 6 && task.task_id.startsWith(word)))
}
