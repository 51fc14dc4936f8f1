import type { Client } from './client.ts'
import { isPassing, LoginDismissed, Problem } from './problem.ts'
import { readMessages } from './sse.ts'
import { isTerminal, type TaskEvent, type TaskProgress } from './types.ts'
import { backOff, waitOrOnline } from './wait.ts'

export type Connection = 'connecting' | 'live' | 'lost' | 'ended'

export type Listener = {
  event(event: TaskEvent): void
  progress(progress: TaskProgress): void
  connection(connection: Connection): void
}

/** A connection on which nothing came for so long is taken for dead. */
const SILENCE_MS = 45_000

/**
 * Follows a task from its first event to its last. When the connection breaks it comes back with `Last-Event-ID`, so
 * that no event is missed and none is told twice; so it does when the server has a fault. Returns after the terminal
 * event; rejects when the server refuses (Problem), when nobody logs in, or when `signal` is aborted.
 */
export async function followTask(
  client: Client,
  taskId: string,
  listener: Listener,
  signal: AbortSignal,
  pause: (attempt: number) => number = (attempt) => backOff(attempt),
): Promise<void> {
  let last = 0
  let ended = false
  let failures = 0
  listener.connection('connecting')
  while (!ended) {
    try {
      const cut = new AbortController()
      const either = AbortSignal.any([signal, cut.signal])
      const response = await client.send(`/generate/${taskId}/events`, {
        signal: either,
        headers: { Accept: 'text/event-stream', ...(last > 0 ? { 'Last-Event-ID': String(last) } : {}) },
      })
      // 204: the task has ended and there is nothing that was not told before.
      if (response.body === null || response.status === 204) break
      listener.connection('live')
      let silence = setTimeout(() => cut.abort(), SILENCE_MS)
      try {
        for await (const message of readMessages(response.body)) {
          clearTimeout(silence)
          silence = setTimeout(() => cut.abort(), SILENCE_MS)
          failures = 0
          if (message.event === 'progress') listener.progress(JSON.parse(message.data) as TaskProgress)
          if (message.event !== 'task') continue
          const event = JSON.parse(message.data) as TaskEvent
          const seq = message.id === null ? event.seq : Number(message.id)
          if (seq <= last) continue
          last = seq
          listener.event({ ...event, seq })
          ended ||= isTerminal(event.status)
        }
      } finally {
        clearTimeout(silence)
      }
    } catch (failure) {
      signal.throwIfAborted()
      // Errors of a broken body are TypeErrors, those of the watchdog AbortErrors: both mean "come back".
      const refused = failure instanceof Problem && failure.status < 500 && !isPassing(failure)
      if (refused || failure instanceof LoginDismissed || failure instanceof SyntaxError) throw failure
    }
    if (ended) break
    listener.connection('lost')
    await waitOrOnline(pause(failures), signal)
    failures += 1
  }
  listener.connection('ended')
}
