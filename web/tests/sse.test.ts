import { expect, test } from 'vitest'
import { type Message, readMessages } from '../src/api/sse.ts'

const bytes = new TextEncoder()

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
}

async function read(...chunks: string[]): Promise<Message[]> {
  return Array.fromAsync(readMessages(streamOf(...chunks.map((chunk) => bytes.encode(chunk)))))
}

test('an event with an id, a name and several data lines', async () => {
  expect(await read('id: 7\nevent: task\ndata: {"a":\ndata: 1}\n\n')).toEqual([{ id: '7', event: 'task', data: '{"a":\n1}' }])
})

test('any chunking gives the same messages', async () => {
  const text = 'id: 1\r\nevent: task\r\ndata: größe\r\n\r\n: still here\r\n\r\nevent: progress\r\ndata: 2\r\n\r\n'
  const whole = await read(text)
  const all = bytes.encode(text)
  for (let cut = 1; cut < all.length; cut += 1) {
    const parts = streamOf(all.slice(0, cut), all.slice(cut))
    expect(await Array.fromAsync(readMessages(parts))).toEqual(whole)
  }
  expect(whole.map((message) => message.event)).toEqual(['task', ':', 'progress'])
})

test('an unfinished event at the end is not told', async () => {
  expect(await read('data: whole\n\ndata: half')).toEqual([{ id: null, event: 'message', data: 'whole' }])
})

test('fields without a colon, unknown fields and empty events are passed over', async () => {
  expect(await read('retry: 10\nfoo\n\ndata\n\n')).toEqual([{ id: null, event: 'message', data: '' }])
})

test('leaving the loop cancels the connection', async () => {
  let cancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytes.encode('data: x\n\n')),
    cancel: () => {
      cancelled = true
    },
  })
  for await (const message of readMessages(endless)) {
    expect(message.data).toBe('x')
    break
  }
  expect(cancelled).toBe(true)
})
