import type { Fork } from '../api/lathe.ts'
import type { Model, Params, Task } from '../api/types.ts'
import type { Draft } from './draft.ts'

/** A task's parameters with its seed: what makes the same model again. */
export const settingsOf = (task: Pick<Task, 'params' | 'seed'>): Params => ({ ...task.params, seed: task.seed })

/** What the draft changes in its parent. With another engine go that one's settings, and none of the parent's is left over. */
export function changesOf(parent: Task, draft: Draft, engine: Model | undefined): Fork {
  const change: Fork = {}
  const prompt = draft.prompt.trim()
  if (prompt !== (parent.prompt ?? '')) change.prompt = prompt
  if (engine !== undefined) {
    change.max_credits = engine.price
    if (engine.id !== parent.model) change.model = engine.id
  }
  const [before, after] = [settingsOf(parent), draft.params[engine?.id ?? parent.model] ?? {}]
  const params: Params = {}
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name], after[name]]
    if (JSON.stringify(was) !== JSON.stringify(is)) params[name] = is === undefined ? null : is
  }
  if (Object.keys(params).length > 0) change.params = params
  return change
}
