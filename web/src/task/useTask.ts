import { useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useReducer, useState } from 'react'
import { type Connection, followTask } from '../api/follow.ts'
import * as lathe from '../api/lathe.ts'
import { isTerminal, type Task, type TaskEvent, type TaskProgress } from '../api/types.ts'
import { refresh } from '../app/queries.ts'
import { useSignedIn } from '../auth/useSession.ts'
import { stageAfter } from './stages.ts'

type Life = { events: TaskEvent[]; progress: TaskProgress | null; connection: Connection }
type Told = { event: TaskEvent } | { progress: TaskProgress } | { connection: Connection }

function grow(life: Life, told: Told): Life {
  if ('connection' in told) return { ...life, connection: told.connection }
  if ('progress' in told) {
    return { ...life, progress: { ...told.progress, stage: stageAfter(life.progress?.stage, told.progress.stage) } }
  }
  // A stream that is followed anew tells everything again.
  if (told.event.seq <= (life.events.at(-1)?.seq ?? 0)) return life
  // A new attempt begins from nothing; so does its bar.
  const progress = told.event.type === 'retried' ? null : life.progress
  return { ...life, progress, events: [...life.events, told.event] }
}

/** `failure`: why there is no task, or why what becomes of it is not told. */
export type LiveTask = Life & { task: Task | undefined; failure: unknown; reload: () => void }

/** A task as it is now: its document, brought up to date by its live events. */
export function useTask(id: string): LiveTask {
  const enabled = useSignedIn()
  const [life, tell] = useReducer(grow, { events: [], progress: null, connection: 'connecting' })
  const [refusal, setRefusal] = useState<unknown>(null)
  const [round, followAgain] = useReducer((before: number) => before + 1, 0)
  const query = useQuery({ queryKey: ['task', id], queryFn: () => lathe.task(id), enabled })

  const onEvent = useEffectEvent((event: TaskEvent): void => {
    tell({ event })
    void refresh(['task', id], true)
    void refresh(['profile'])
    if (isTerminal(event.status)) void refresh(['tasks'])
  })

  useEffect(() => {
    if (!enabled) return
    setRefusal(null)
    const leaving = new AbortController()
    const listener = {
      event: onEvent,
      progress: (progress: TaskProgress) => tell({ progress }),
      connection: (connection: Connection) => tell({ connection }),
    }
    followTask(lathe.client, id, listener, leaving.signal).catch((failure: unknown) => {
      if (!leaving.signal.aborted) setRefusal(failure)
    })
    return () => leaving.abort()
  }, [id, enabled, round])

  const task = merged(query.data, life)
  const failure = task === undefined ? (query.error ?? refusal) : refusal
  const reload = (): void => {
    void query.refetch()
    if (refusal !== null) followAgain()
  }
  return { ...life, task, failure, reload }
}

/** The document may be older than what the events told. */
function merged(task: Task | undefined, { events, progress }: Life): Task | undefined {
  if (task === undefined) return undefined
  const last = events.at(-1)
  const ended = isTerminal(task.status)
  const status = ended || last === undefined ? task.status : last.status
  const live = isTerminal(status) ? null : progress
  return {
    ...task,
    ...live,
    stage: stageAfter(task.stage, live?.stage),
    // Progress tells the picture only when it is a new one.
    preview_url: live?.preview_url ?? task.preview_url,
    status,
    attempt: last?.attempt ?? task.attempt,
    progress: Math.max(live?.progress ?? 0, live ? 0 : task.progress),
    charged: last?.charged ?? task.charged,
    // The words to the event's code come with the document, which is fetched anew after each event.
    problem: task.problem,
    reason: task.reason ?? last?.reason ?? null,
  }
}
