import { useEffect, useSyncExternalStore } from 'react'
import * as lathe from '../api/lathe.ts'
import { isPassing, LoginDismissed } from '../api/problem.ts'
import type { Model } from '../api/types.ts'
import { refresh } from '../app/queries.ts'
import { navigate, routeOf } from '../app/router.tsx'
import { changesOf } from './changes.ts'
import { clearDraft, type Draft, paramsFor, type Photo, sameInput } from './draft.ts'
import { lookAtPrices } from './useEngines.ts'

type Order = { draft: Draft; engine: Model | undefined }
type Attempt = Order & {
  uploadKeys: string[]
  taskKey: string
  /** What is being sent now; null: it has failed. */
  step: 'photo' | 'task' | null
  failure: Error | null
}

/** What is being sent, or has failed. It outlives the Make page, as the draft does. */
let last: Attempt | null = null
const listeners = new Set<() => void>()

function become(next: Attempt | null): void {
  last = next
  for (const listener of listeners) listener()
}
lathe.session.whenLeft(() => become(null))

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/**
 * Sends a draft and goes to its task, unless the person has left the page by then. One is sent at a time. As long as the
 * draft stays the same while its outcome is unknown, it is sent as it was, with the same keys: pressing again can never
 * make (or charge for) a second task. A failure is told until `now`, the draft as it stands, asks for something else; a
 * refusal, until the person leaves.
 */
export function useMake(now: Draft) {
  const attempt = useSyncExternalStore(subscribe, () => last)
  useEffect(() => () => {
    if (last?.step === null && !isPassing(last.failure)) become(null)
  }, [])
  const failed = attempt?.step === null && sameInput(attempt.draft, now) && !(attempt.failure instanceof LoginDismissed)
  const failure = failed ? attempt.failure : null
  return {
    send,
    busy: attempt !== null && attempt.step !== null,
    step: attempt?.step ?? 'task',
    failure,
    unsure: isPassing(failure) && attempt?.draft === now,
  }
}

async function send(order: Order, { onError }: { onError: (failure: Error) => void }): Promise<void> {
  if (last !== null && last.step !== null) return
  const attempt = isAgain(order)
    ? last!
    : { ...order, uploadKeys: order.draft.photos.map(lathe.newKey), taskKey: lathe.newKey() }
  const isMine = (): boolean => last?.taskKey === attempt.taskKey
  const reach = (step: Attempt['step'], failure: Error | null = null): void => become({ ...attempt, step, failure })
  reach('task')
  try {
    const task = await made(attempt, (step) => isMine() && reach(step))
    if (!isMine()) return
    become(null)
    clearDraft(attempt.draft)
    void refresh(['profile'])
    void refresh(['tasks'])
    if (routeOf(location.pathname).page === 'make') navigate(`/tasks/${task.task_id}`)
  } catch (thrown) {
    if (!isMine()) return
    const failure = thrown as Error
    reach(null, failure)
    lookAtPrices(failure)
    onError(failure)
  }
}

/** Is it what was sent last, and may have become a task? */
const isAgain = ({ draft, engine }: Order): boolean =>
  last !== null && isPassing(last.failure) && last.draft === draft && last.engine?.id === engine?.id

async function made(
  { draft, engine, uploadKeys, taskKey }: Omit<Attempt, 'step' | 'failure'>,
  reach: (step: 'photo' | 'task') => void,
): Promise<lathe.Made> {
  if (draft.parent !== null) return lathe.fork(draft.parent.task_id, changesOf(draft.parent, draft, engine), taskKey)
  // Who is quicker than the list of engines gets the server's usual one.
  const order: lathe.TaskOrder = engine === undefined ? {} : { model: engine.id, max_credits: engine.price }
  const params = paramsFor(draft, engine?.id)
  if (Object.keys(params).length > 0) order.params = params
  if (draft.photos.length === 0) order.prompt = draft.prompt.trim()
  else {
    reach('photo')
    Object.assign(order, await uploaded(draft.photos, uploadKeys))
    reach('task')
  }
  return lathe.create(order, taskKey)
}

/** One photo is an image; several are images by the side that they show. */
async function uploaded(photos: readonly Photo[], keys: string[]): Promise<lathe.TaskOrder> {
  const files = await Promise.all(photos.map(({ file }, index) => lathe.upload(file, keys[index]!)))
  if (files.length === 1) return { image_file_id: files[0]!.file_id }
  return { images: Object.fromEntries(photos.map(({ view }, index) => [view, files[index]!.file_id])) }
}
