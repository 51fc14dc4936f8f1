import { LoginDismissed, NoAnswer, Problem, problemOf } from './problem.ts'
import type { Tokens } from './types.ts'
import { backOff, waitOrOnline } from './wait.ts'

export type SessionState = 'restoring' | 'anonymous' | 'active' | 'expired'

/** Who has no account yet makes one; who pressed "Log in" has one. */
export type Entrance = 'login' | 'register'

type Login = { username: string; password: string }

/** Local storage says only whose cookie there may be: a first visit asks the server nothing, and tabs hear of each other. */
const WHOSE = 'lathe.account'
const EARLY_MS = 20_000

/** Whose token it is: the `sub` of its JWT. */
function accountOf(token: string): string {
  const content = token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/')
  return (JSON.parse(atob(content)) as { sub: string }).sub
}

/**
 * Who is logged in. The access token lives in memory only; the refresh token is an HttpOnly cookie that the server
 * sets when it is asked with `X-Lathe-Cookie: 1`.
 */
export class Session {
  state: SessionState = 'restoring'
  /** Set while a request, or a person, waits for the login dialog: what it offers first. */
  demanded: Entrance | null = null
  /** Whose things the page holds. They stay when the session runs out, until a logout or until somebody else logs in. */
  account: string | null
  /** The session of an earlier visit cannot be taken up yet, because the server does not answer. */
  unreachable = false

  private token: string | null = null
  private expiresAt = 0
  private restoring: Promise<void> = Promise.resolve()
  private refreshing: Promise<boolean> | null = null
  private waiting: { resolve: () => void; reject: (reason: Error) => void }[] = []
  private readonly listeners = new Set<() => void>()

  constructor(
    private readonly fetcher: typeof fetch = (...request) => fetch(...request),
    private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = localStorage,
    private readonly pause: (attempt: number) => number = (attempt) => backOff(attempt),
  ) {
    this.account = storage.getItem(WHOSE)
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Does `forget` whenever what one person had here must not be there for the next. */
  whenLeft(forget: () => void): void {
    let { account } = this
    this.subscribe(() => {
      const left = account !== null && account !== this.account
      account = this.account
      if (left) forget()
    })
  }

  /** Takes up the session of an earlier visit, if there is one. To be called once, at the start. */
  restore(): Promise<void> {
    this.restoring = this.takeUp()
    return this.restoring
  }

  async login(credentials: Login): Promise<void> {
    const response = await this.post('/auth/login', credentials)
    this.accept((await response.json()) as Tokens)
  }

  async register(account: Login & { email?: string }): Promise<void> {
    const taken = await this.create(account)
    try {
      await this.login({ username: account.username, password: account.password })
    } catch (failure) {
      throw taken !== null && failure instanceof Problem && failure.status === 401 ? taken : failure
    }
  }

  async logout(): Promise<void> {
    const token = this.token
    this.storage.removeItem(WHOSE)
    this.handOver(null)
    const headers: HeadersInit = { 'X-Lathe-Cookie': '1', ...(token ? { Authorization: `Bearer ${token}` } : {}) }
    await this.fetcher('/auth/logout', { method: 'POST', credentials: 'same-origin', headers }).catch(() => undefined)
  }

  /**
   * `next` is who is logged in in this browser from now on. When that is somebody else nothing goes on as the one before:
   * neither the token, nor the requests that wait for a login.
   */
  handOver(next: string | null): void {
    if (next === this.account) return
    this.token = null
    this.account = next
    this.become(next === null ? 'anonymous' : 'restoring')
    this.dismiss()
  }

  /** A token that is good for the next seconds, or null when nobody is logged in. */
  async accessToken(): Promise<string | null> {
    await this.restoring
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
  demand(first: Entrance = this.account === null ? 'register' : 'login'): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.demanded = first
      this.tell()
    })
  }

  /** The dialog is closed. Who does not take up a session that has run out is logged out, until they log in again. */
  dismiss(): void {
    const waiting = this.waiting
    this.waiting = []
    this.demanded = null
    if (this.state === 'expired') this.state = 'anonymous'
    this.tell()
    for (const { reject } of waiting) reject(new LoginDismissed())
  }

  /** Gives back the refusal of a name that is taken: maybe by this very person, who did not get the answer. */
  private async create(account: Login): Promise<Problem | null> {
    try {
      // Read to its end, so that the browser does not count the answer as broken off.
      await (await this.post('/auth/register', account)).text()
      return null
    } catch (failure) {
      if (failure instanceof Problem && failure.code === 'already-exists') return failure
      throw failure
    }
  }

  private async takeUp(): Promise<void> {
    if (this.account === null) return this.become('anonymous')
    for (let attempt = 0; ; attempt += 1) {
      try {
        if (!(await this.refresh())) this.become('anonymous')
        return
      } catch {
        this.unreachable = true
        this.tell()
        await waitOrOnline(this.pause(attempt))
      }
    }
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
      // Only a refusal says that the session has ended.
      if (response.status >= 500 || [408, 429].includes(response.status)) throw await problemOf(response)
      this.unreachable = false
      if (response.ok) {
        this.accept((await response.json()) as Tokens)
        return true
      }
    } catch (failure) {
      throw failure instanceof Problem ? failure : new NoAnswer(failure)
    }
    const wasActive = this.token !== null
    this.token = null
    if (wasActive) this.become('expired')
    return false
  }

  private accept(tokens: Tokens): void {
    const account = accountOf(tokens.access_token)
    this.storage.setItem(WHOSE, account)
    if (this.account !== null && this.account !== account) return this.handOver(account)
    this.account = account
    this.token = tokens.access_token
    this.expiresAt = Date.now() + tokens.expires_in * 1000
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

/** Keeps the tabs of one browser together: a logout in one is a logout in all, and so is another's login. */
export function followOtherTabs(session: Session): void {
  addEventListener('storage', ({ key, newValue }) => {
    if (key === WHOSE && session.account !== null) session.handOver(newValue)
  })
}
