import { randomUUID } from 'node:crypto'
import { Refusal } from './http.ts'

export type Account = { uuid: string; id: number; username: string; password: string; balance: number; reserved: number; ledger: Movement[] }

/** A movement of credits, as GET /api/v1/billing/transactions tells it. */
export type Movement = {
  id: number
  type: 'grant' | 'reservation' | 'charge' | 'release'
  task_id: string | null
  amount: number
  released: number
  balance: number
  reserved: number
  reason: string | null
  time: string
}

export function move(account: Account, type: Movement['type'], task_id: string | null, amount: number, released = 0): void {
  const { balance, reserved, ledger } = account
  const time = new Date().toISOString()
  ledger.unshift({ id: ledger.length + 1, type, task_id, amount, released, balance, reserved, reason: null, time })
}

const TOKEN_SECONDS = Number(process.env['MOCK_TOKEN_SECONDS'] ?? 900)

/** Users and their tokens, in memory. */
export class Accounts {
  private readonly byName = new Map<string, Account>()
  private readonly access = new Map<string, { account: Account; until: number }>()
  private readonly refresh = new Map<string, Account>()

  register(username: string, password: string): Account {
    const errors = []
    if (!/^[\w.-]{3,64}$/.test(username)) errors.push({ pointer: '/username', detail: 'Three to 64 letters, digits, dots or dashes.' })
    if (password.length < 6) errors.push({ pointer: '/password', detail: 'At least 6 characters.' })
    if (errors.length > 0) throw new Refusal(422, 'invalid-input', 'The request does not make sense', errors[0]!.detail, { errors })
    if (this.byName.has(username.toLowerCase())) {
      throw new Refusal(409, 'already-exists', 'It exists already', 'This user name is taken.')
    }
    const account = { uuid: randomUUID(), id: this.byName.size + 1, username, password, balance: 100, reserved: 0, ledger: [] }
    move(account, 'grant', null, 100)
    this.byName.set(username.toLowerCase(), account)
    return account
  }

  login(username: string, password: string) {
    const account = this.byName.get(username.toLowerCase())
    if (account?.password !== password) {
      throw new Refusal(401, 'unauthenticated', 'Log in first', 'The user name or the password is wrong.')
    }
    return this.issue(account)
  }

  renew(token: string) {
    const account = this.refresh.get(token)
    if (account === undefined) throw new Refusal(401, 'unauthenticated', 'Log in first', 'The session has ended.')
    return this.issue(account)
  }

  of(authorization: string | undefined): Account {
    const found = this.access.get(authorization?.replace(/^Bearer /, '') ?? '')
    if (found === undefined || found.until < Date.now()) {
      throw new Refusal(401, 'unauthenticated', 'Log in first', 'The token is missing or has run out.')
    }
    return found.account
  }

  /** Ends every session, as an operator would: for trying the page's login dialog. */
  endSessions(): void {
    this.access.clear()
    this.refresh.clear()
  }

  spendAll(): void {
    for (const account of this.byName.values()) account.balance = 0
  }

  drop(token: string): void {
    this.refresh.delete(token)
  }

  private issue(account: Account) {
    // The page reads whose it is, as it can from a real one.
    const access = `e30.${btoa(JSON.stringify({ sub: account.uuid }))}.${randomUUID()}`
    const refresh = randomUUID()
    this.access.set(access, { account, until: Date.now() + TOKEN_SECONDS * 1000 })
    this.refresh.set(refresh, account)
    return { access_token: access, token_type: 'bearer', expires_in: TOKEN_SECONDS, refresh_token: refresh }
  }
}

export const profileOf = (account: Account) => ({
  id: account.id,
  uuid: account.uuid,
  username: account.username,
  name: account.username,
  role: account.username.startsWith('op') ? 'operator' : 'user',
  balance: account.balance,
  reserved: account.reserved,
  created_at: new Date().toISOString(),
  updated_at: new Date().toISOString(),
})
