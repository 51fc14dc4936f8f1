import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Account, Accounts } from './accounts.ts'
import { engines } from './engines.ts'
import { answer, Refusal } from './http.ts'
import { type StoredFile, Task } from './tasks.ts'

export type Order = {
  prompt?: string
  image_file_id?: string
  images?: Record<string, string>
  model?: string
  params?: Record<string, unknown>
}

export const missing = () => new Refusal(404, 'not-found', 'There is no such resource', 'There is no such task or file.')

/** Everything the mock knows, in memory, and the request that is being answered. */
export class World {
  readonly accounts = new Accounts()
  readonly tasks: Task[] = []
  readonly files = new Map<string, StoredFile>()
  readonly streams = new Set<ServerResponse>()
  private readonly answered = new Map<string, { status: number; body: object }>()

  /** A task of these inputs. Raises Refusal when its price is not there. */
  begin(account: Account, order: Order, parent: string | null = null): object {
    const kind = order.images ? 'images' : order.image_file_id ? 'image' : 'text'
    const model = order.model ?? engines.find((one) => one.kinds.includes(kind))!.model
    const { seed, ...params } = order.params ?? {}
    const engine = engines.find((one) => one.model === model)
    const errors = Object.keys(params)
      .filter((name) => !(name in (engine?.params_schema.properties ?? {})))
      .map((name) => ({ pointer: `/params/${name}`, detail: 'There is no such parameter.' }))
    if (errors.length > 0) throw new Refusal(422, 'invalid-input', 'The request does not make sense', errors[0]!.detail, { errors })
    const price = (engine?.price ?? 0) / 1e6
    const seeded = { ...order, model, params, ...(typeof seed === 'number' ? { seed } : {}) }
    const task = new Task(account, seeded, price, this.files, parent)
    this.tasks.push(task)
    return task.view()
  }

  /** A new task out of another: what is left out stays, a parameter of null goes. */
  fork(account: Account, parent: Task, change: Order): object {
    const before = { ...parent.order.params, seed: parent.order.seed ?? 7 }
    const params = Object.fromEntries(Object.entries({ ...before, ...change.params }).filter(([, value]) => value !== null))
    return this.begin(account, { ...parent.order, ...change, params }, parent.task_id)
  }

  /** Answers with what `make` gives; a repeat with the same Idempotency-Key gets the same answer. */
  async once(request: IncomingMessage, response: ServerResponse, status: number, make: () => Promise<object>): Promise<void> {
    const account = this.accounts.of(request.headers.authorization)
    const key = String(request.headers['idempotency-key'] ?? randomUUID())
    const name = `${account.uuid} ${request.method} ${request.url} ${key}`
    const known = this.answered.get(name) ?? { status, body: await make() }
    this.answered.set(name, known)
    answer(response, known.status, known.body)
  }
}

/** One page of a list; the cursor of the mock is an offset. */
export function pageOf<T>(all: T[], url: URL, show: (item: T) => unknown = (item) => item): object {
  const limit = Number(url.searchParams.get('limit') ?? 20)
  const offset = Number(url.searchParams.get('cursor') ?? 0)
  const next = offset + limit < all.length ? String(offset + limit) : null
  return { items: all.slice(offset, offset + limit).map(show), total: all.length, limit, offset, next }
}
