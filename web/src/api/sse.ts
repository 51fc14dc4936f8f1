export type Message = { event: string; data: string; id: string | null }

/**
 * Reads `text/event-stream` (HTML standard, section 9.2.6) from a stream of bytes. Comments come as messages with the
 * event `:`, so that a reader can tell a silent connection from a dead one.
 */
export async function* readMessages(stream: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let message = blank()
  let ended = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      ended = done
      rest += decoder.decode(value, { stream: !done })
      // A CR at the end may be the first half of CR LF: it waits for the next chunk.
      const lines = rest.split(done ? /\r\n|\r|\n/ : /\r\n|\r(?!$)|\n/)
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') {
          if (message.data.length > 0) {
            yield { event: message.event || 'message', data: message.data.join('\n'), id: message.id }
          }
          message = blank()
        } else if (line.startsWith(':')) {
          yield { event: ':', data: line.slice(1).trim(), id: null }
        } else {
          take(message, line)
        }
      }
      if (done) return
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined)
  }
}

type Partial = { event: string; data: string[]; id: string | null }

const blank = (): Partial => ({ event: '', data: [], id: null })

function take(message: Partial, line: string): void {
  const colon = line.indexOf(':')
  const field = colon < 0 ? line : line.slice(0, colon)
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
  if (field === 'event') message.event = value
  else if (field === 'data') message.data.push(value)
  else if (field === 'id' && !value.includes('\0')) message.id = value
}
