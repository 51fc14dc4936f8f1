import { Client } from '../src/api/client.ts'
import { Session } from '../src/api/session.ts'

export type Seen = { method: string; path: string; headers: Headers; body: unknown }
type Answer = Response | Error | ((request: Seen) => Response | Promise<Response>)

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } })

export const refusal = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  json({ type: `/problems/${code}`, title: code, status }, status, headers)

/** An access token of `account`: a JWT as far as the page looks at it. */
export const jwt = (name: string, account = 'ann'): string => `e30.${btoa(JSON.stringify({ sub: account }))}.${name}`

export const tokens = (name: string, expires_in = 900, account = 'ann'): Response =>
  json({ access_token: jwt(name, account), token_type: 'bearer', expires_in })

/** A server that answers each path with its script, one answer a request; the last one stays. */
export class Scripted {
  readonly seen: Seen[] = []
  private readonly script: Record<string, Answer[]>

  constructor(script: Record<string, Answer[]>) {
    this.script = script
  }

  fetch: typeof fetch = async (input, init) => {
    const path = String(input)
    const request = { method: init?.method ?? 'GET', path, headers: new Headers(init?.headers), body: init?.body }
    this.seen.push(request)
    init?.signal?.throwIfAborted()
    const answers = this.script[path]
    if (answers === undefined) throw new Error(`unexpected request: ${path}`)
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    if (answer instanceof Error) throw answer
    return answer instanceof Response ? answer.clone() : answer(request)
  }

  to = (path: string): Seen[] => this.seen.filter((request) => request.path === path)
}

export class Memory implements Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  private readonly items = new Map<string, string>()
  getItem = (key: string): string | null => this.items.get(key) ?? null
  setItem = (key: string, value: string): void => void this.items.set(key, value)
  removeItem = (key: string): void => void this.items.delete(key)
}

export async function loggedIn(script: Record<string, Answer[]>, expiresIn = 900) {
  const server = new Scripted({ '/auth/login': [tokens('first', expiresIn)], ...script })
  const session = new Session(server.fetch, new Memory())
  await session.login({ username: 'ann', password: 'secret1' })
  return { server, session, client: new Client(session, server.fetch, () => 0) }
}
