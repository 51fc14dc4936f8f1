import { expect, test } from 'vitest'
import { type Connection, followTask } from '../src/api/follow.ts'
import type { TaskEvent, TaskProgress } from '../src/api/types.ts'
import { Problem } from '../src/api/problem.ts'
import { loggedIn, refusal } from './server.ts'

const path = '/generate/t1/events'
const event = (seq: number, type: string, status: string) =>
  `id: ${seq}\nevent: task\ndata: ${JSON.stringify({ seq, type, status, time: '2026-01-01T00:00:00Z' })}\n\n`
const progress = (fraction: number) => `event: progress\ndata: ${JSON.stringify({ progress: fraction })}\n\n`

const sse = (body: BodyInit) => () => new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })

function recorder() {
  const events: TaskEvent[] = []
  const steps: TaskProgress[] = []
  const connections: Connection[] = []
  return {
    events,
    steps,
    connections,
    event: (told: TaskEvent) => void events.push(told),
    progress: (told: TaskProgress) => void steps.push(told),
    connection: (told: Connection) => void connections.push(told),
  }
}

const never = () => new AbortController().signal

test('a broken stream is resumed after the last event, and nothing is told twice', async () => {
  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(event(1, 'requested', 'queued') + event(2, 'started', 'running') + progress(0.3)))
    },
    pull: (controller) => controller.error(new TypeError('network error')),
  })
  const { client, server } = await loggedIn({
    [path]: [
      sse(broken),
      new TypeError('Failed to fetch'),
      sse(event(2, 'started', 'running') + progress(0.9) + event(3, 'completed', 'completed')),
    ],
  })
  const told = recorder()
  await followTask(client, 't1', told, never(), () => 0)
  expect(told.events.map((item) => item.seq)).toEqual([1, 2, 3])
  expect(told.steps.at(-1)?.progress).toBe(0.9)
  expect(server.to(path).map((request) => request.headers.get('Last-Event-ID'))).toEqual([null, '2', '2'])
  expect(told.connections).toEqual(['connecting', 'live', 'lost', 'lost', 'live', 'ended'])
})

test('a stream that ends before the task does is taken up again', async () => {
  const { client } = await loggedIn({
    [path]: [sse(event(1, 'requested', 'queued')), sse(event(2, 'cancelled', 'cancelled'))],
  })
  const told = recorder()
  await followTask(client, 't1', told, never(), () => 0)
  expect(told.events.map((item) => item.type)).toEqual(['requested', 'cancelled'])
})

test('a fault of the server is waited out', async () => {
  const { client } = await loggedIn({
    [path]: [refusal(500, 'internal'), refusal(503, 'unavailable'), sse(event(1, 'failed', 'failed'))],
  })
  const told = recorder()
  await followTask(client, 't1', told, never(), () => 0)
  expect(told.events.map((item) => item.type)).toEqual(['failed'])
  expect(told.connections).toEqual(['connecting', 'lost', 'lost', 'live', 'ended'])
})

test('a refusal ends the following', async () => {
  const { client, server } = await loggedIn({ [path]: [refusal(404, 'not-found')] })
  await expect(followTask(client, 't1', recorder(), never(), () => 0)).rejects.toThrow(Problem)
  expect(server.to(path)).toHaveLength(1)
})

test('leaving the page ends the connection', async () => {
  const leaving = new AbortController()
  const open = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode(event(1, 'requested', 'queued')))
      leaving.signal.addEventListener('abort', () => controller.error(leaving.signal.reason))
    },
  })
  const { client, server } = await loggedIn({ [path]: [sse(open)] })
  const told = recorder()
  const following = followTask(client, 't1', told, leaving.signal, () => 0)
  await expect.poll(() => told.events.length).toBe(1)
  leaving.abort()
  await expect(following).rejects.toThrow('aborted')
  expect(server.to(path)).toHaveLength(1)
})
