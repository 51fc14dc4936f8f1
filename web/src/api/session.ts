import { LoginDismissed, NoAnswer, problemOf } from './problem.ts'
import type { Tokens } from './types.ts'

export type SessionState = 'restoring' | 'anonymous' | 'active' | 'expired'

/** Who has no account yet makes one; who pressed "Log in" has one. */
export type Entrance = 'login' | 'register'

type Login = { username: string; password: string }

/** Local storage says only that a cookie may exist, so that a first visit asks the server nothing. */
const HINT = 'lathe.session'
const EARLY_MS = 20_000

/**
 * Who is logged in. The access token lives in memory only; the refresh token is an HttpOnly cookie that the server
 * sets when it is asked with `X-Lathe-Cookie: 1`.
 */
export class Session {
  state: SessionState = 'restoring'
  /** Set while a request, or a person, waits for the login dialog: what it offers first. */
  demanded: Entrance | null = null

  private token: string | null = null
  private expiresAt = 0
  private refreshing: Promise<boolean> | null = null
  private waiting: { resolve: () => void; reject: (reason: Error) => void }[] = []
  private readonly listeners = new Set<() => void>()

  constructor(
    private readonly fetcher: typeof fetch = (...request) => fetch(...request),
    private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = localStorage,
  ) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Takes up the session of an earlier visit, if there is one. To be called once, at the start. */
  async restore(): Promise<void> {
    if (this.storage.getItem(HINT) === null) return this.become('anonymous')
    const found = await this.refresh().catch(() => false)
    if (!found && this.state === 'restoring') this.become('anonymous')
  }

  async login(credentials: Login): Promise<void> {
    const response = await this.post('/auth/login', credentials)
    this.accept((await response.json()) as Tokens)
  }

  async register(account: Login & { email?: string }): Promise<void> {
    // Read to its end, so that the browser does not count the answer as broken off.
    await (await this.post('/auth/register', account)).text()
    await this.login({ username: account.username, password: account.password })
  }

  async logout(): Promise<void> {
    const token = this.token
    this.token = null
    this.storage.removeItem(HINT)
    this.become('anonymous')
    const headers: HeadersInit = { 'X-Lathe-Cookie': '1', ...(token ? { Authorization: `Bearer ${token}` } : {}) }
    await this.fetcher('/auth/logout', { method: 'POST', credentials: 'same-origin', headers }).catch(() => undefined)
  }

  /** Another tab logged out: this one must not go on with its token. */
  forget(): void {
    this.token = null
    this.become('anonymous')
  }

  /** A token that is good for the next seconds, or null when nobody is logged in. */
  async accessToken(): Promise<string | null> {
    if (this.token !== null && Date.now() > this.expiresAt - EARLY_MS) await this.refresh()
    return this.token
  }

  /** The server refused `token`. True when there is a newer one to try. */
  async replace(token: string | null): Promise<boolean> {
    if (this.token !== null && this.token !== token) return true
    if (token === null) return false
    return this.refresh()
  }

  /** Waits until somebody logs in. Rejects with LoginDismissed when the dialog is closed instead. */
  demand(first: Entrance = this.state === 'expired' ? 'login' : 'register'): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.demanded = first
      this.tell()
    })
  }

  dismiss(): void {
    const waiting = this.waiting
    this.waiting = []
    this.demanded = null
    this.tell()
    for (const { reject } of waiting) reject(new LoginDismissed())
  }

  private refresh(): Promise<boolean> {
    this.refreshing ??= this.askForToken().finally(() => {
      this.refreshing = null
    })
    return this.refreshing
  }

  private async askForToken(): Promise<boolean> {
    try {
      const response = await this.fetcher('/auth/refresh', {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'X-Lathe-Cookie': '1' },
      })
      if (response.ok) {
        this.accept((await response.json()) as Tokens)
        return true
      }
      if (response.status >= 500 || response.status === 429) throw await problemOf(response)
    } catch (failure) {
      throw failure instanceof TypeError ? new NoAnswer(failure) : failure
    }
    const wasActive = this.token !== null
    this.token = null
    this.storage.removeItem(HINT)
    if (wasActive) this.become('expired')
    return false
  }

  private accept(tokens: Tokens): void {
    this.token = tokens.access_token
    this.expiresAt = Date.now() + tokens.expires_in * 1000
    this.storage.setItem(HINT, '1')
    const waiting = this.waiting
    this.waiting = []
    this.demanded = null
    this.become('active')
    for (const { resolve } of waiting) resolve()
  }

  private async post(path: string, body: unknown): Promise<Response> {
    let response: Response
    try {
      response = await this.fetcher(path, {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'Content-Type': 'application/json', 'X-Lathe-Cookie': '1' },
        body: JSON.stringify(body),
      })
    } catch (failure) {
      throw new NoAnswer(failure)
    }
    if (!response.ok) throw await problemOf(response)
    return response
  }

  private become(state: SessionState): void {
    this.state = state
    this.tell()
  }

  private tell(): void {
    for (const listener of this.listeners) listener()
  }
}

/** Keeps the tabs of one browser together: a logout in one is a logout in all. */
export function followOtherTabs(session: Session): void {
  addEventListener('storage', (event) => {
    if (event.key === HINT && event.newValue === null && session.state === 'active') session.forget()
  })
}
