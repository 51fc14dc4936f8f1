import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** A refusal of the mock server, answered as RFC 9457 problem. */
export class Refusal extends Error {
  readonly status: number
  readonly members: object

  constructor(status: number, code: string, title: string, detail: string, members: object = {}) {
    super(detail)
    this.status = status
    this.members = { type: `/problems/${code}`, title, status, detail, request_id: randomUUID(), ...members }
  }
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export async function jsonOf<T>(request: IncomingMessage): Promise<T> {
  return JSON.parse((await bodyOf(request)).toString() || '{}') as T
}

export async function formOf(request: IncomingMessage): Promise<FormData> {
  const body = new Uint8Array(await bodyOf(request))
  return new Response(body, { headers: { 'Content-Type': request.headers['content-type'] ?? '' } }).formData()
}

export function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const type = status >= 400 ? 'application/problem+json' : 'application/json'
  response.writeHead(status, { 'Content-Type': type, ...headers })
  response.end(JSON.stringify(body))
}
