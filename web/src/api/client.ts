import { isPassing, LoginDismissed, NoAnswer, Problem, problemOf } from './problem.ts'
import type { Session } from './session.ts'
import { backOff, wait } from './wait.ts'

export type Call = {
  method?: 'GET' | 'POST' | 'DELETE'
  /** Sent as JSON, or as it is when it is a form. */
  body?: unknown
  /** Idempotency-Key: with it, a request that creates something is safe to repeat, and is repeated. */
  key?: string
  headers?: Record<string, string>
  signal?: AbortSignal
  /** `demand`: ask the person to log in when nobody is; `none`: send without a token. */
  auth?: 'demand' | 'none'
}

const ATTEMPTS = 5

/** Sends requests with the session's token: renews it when it has run out, repeats what is safe to repeat. */
export class Client {
  constructor(
    readonly session: Session,
    private readonly fetcher: typeof fetch = (...request) => fetch(...request),
    private readonly pause: (attempt: number) => number = (attempt) => backOff(attempt),
  ) {}

  async json<T>(path: string, call: Call = {}): Promise<T> {
    const response = await this.send(path, { ...call, headers: { Accept: 'application/json', ...call.headers } })
    return (await response.json()) as T
  }

  /** The successful answer. Raises Problem, NoAnswer or LoginDismissed. */
  async send(path: string, call: Call = {}): Promise<Response> {
    const attempts = call.key === undefined ? 1 : ATTEMPTS
    const asker = this.session.account
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.sendOnce(path, call, asker)
      } catch (failure) {
        if (attempt + 1 >= attempts || !isPassing(failure)) throw failure
        const asked = failure instanceof Problem ? failure.retryAfter : null
        await wait(asked === null ? this.pause(attempt) : Math.min(asked, 10) * 1000, call.signal)
      }
    }
  }

  /** Never as somebody else than `asker`, who may have had to log in meanwhile. */
  private async sendOnce(path: string, call: Call, asker: string | null): Promise<Response> {
    if (call.auth === 'none') return this.fetchOnce(path, call, null)
    for (let renewed = false; ; ) {
      const token = await this.session.accessToken()
      if (asker !== null && asker !== this.session.account) throw new LoginDismissed()
      if (token !== null) {
        try {
          return await this.fetchOnce(path, call, token)
        } catch (failure) {
          if (!(failure instanceof Problem) || failure.status !== 401) throw failure
          if (!renewed && (await this.session.replace(token))) {
            renewed = true
            continue
          }
        }
      }
      await this.session.demand()
      renewed = false
    }
  }

  private async fetchOnce(path: string, call: Call, token: string | null): Promise<Response> {
    const headers = new Headers(call.headers)
    if (token !== null) headers.set('Authorization', `Bearer ${token}`)
    if (call.key !== undefined) headers.set('Idempotency-Key', call.key)
    let body: BodyInit | undefined
    if (call.body instanceof FormData) body = call.body
    else if (call.body !== undefined && call.body !== null) {
      headers.set('Content-Type', 'application/json')
      body = JSON.stringify(call.body)
    }
    let response: Response
    try {
      response = await this.fetcher(path, {
        method: call.method ?? 'GET',
        headers,
        credentials: 'same-origin',
        ...(body === undefined ? {} : { body }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      })
    } catch (failure) {
      if (call.signal?.aborted) throw failure
      throw new NoAnswer(failure)
    }
    if (!response.ok) throw await problemOf(response)
    return response
  }
}
