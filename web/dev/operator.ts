import type { IncomingMessage, ServerResponse } from 'node:http'
import { catalog } from './engines.ts'
import { answer, Refusal } from './http.ts'
import { missing, pageOf, type World } from './world.ts'

const now = (earlier = 0): string => new Date(Date.now() - earlier * 1000).toISOString()

type Letter = { id: string; role: 'poison' | 'behind'; why: string; event_type: string; parked_at: string }

const letters: Letter[] = [
  { id: 'lathe.accounts:3@1234', role: 'poison', why: 'TaskCompleted: task 0198… is not known', event_type: 'TaskCompleted', parked_at: now(900) },
  { id: 'lathe.accounts:3@1240', role: 'behind', why: 'behind lathe.accounts:3@1234', event_type: 'TaskRequested', parked_at: now(880) },
]
const parked = new Set(letters.map((letter) => letter.id))

const told = ({ id, ...letter }: Letter) => {
  const [topic, partition, offset] = id.split(/[:@]/)
  const place = { topic, partition: Number(partition), offset: Number(offset) }
  return { id, ...place, key: '0198c1a0-0000-7000-8000-000000000001', event_id: '0198c1a0-1', bytes: 812, ...letter }
}

const reader = (projection: string, topic: string, partition: number) => {
  const end = 1300 + partition * 17
  const behind = projection === 'read' && partition === 3 ? 12 : 0
  return { projection, topic, partition, position: end - behind, end, behind, parked: partition === 3 ? parked.size : 0 }
}

/** The routes below /admin, with a made-up cluster behind them. */
export function operate(world: World, request: IncomingMessage, response: ServerResponse, url: URL): void {
  const me = world.accounts.of(request.headers.authorization)
  if (!me.username.startsWith('op')) throw new Refusal(403, 'forbidden', 'You may not do this', 'This is for operators.')
  const [, , part, id, action] = url.pathname.split('/')
  const waiting = letters.filter((letter) => parked.has(letter.id)).map(told)
  if (part === 'lag') {
    const read = Array.from({ length: 12 }, (_, partition) => reader('read', 'lathe.accounts', partition))
    return answer(response, 200, pageOf([...read, reader('live', 'lathe.runs', 0), reader('reactors', 'lathe.identity', 0)], url))
  }
  if (part === 'queue') return answer(response, 200, queueOf(world))
  if (part === 'workers') return answer(response, 200, pageOf(workersOf(world), url))
  if (part === 'rebuilds') {
    return answer(response, 200, pageOf([{ schema: 'read_v2', state: 'building', done: 0.42, eta_s: 37, started_at: now(60) }], url))
  }
  if (part !== 'dead-letters') throw missing()
  if (id === undefined) {
    const role = url.searchParams.get('role')
    return answer(response, 200, pageOf(waiting.filter((letter) => role === null || letter.role === role), url))
  }
  const letter = letters.find((one) => one.id === decodeURIComponent(id))
  if (letter === undefined) throw missing()
  if (action !== undefined) {
    parked.clear()
    const order = { order_id: 1, action, actor: 'user', ordered_at: now(), done_at: null, outcome: null, folded: null, left: null, why: null }
    return answer(response, 202, order)
  }
  const headers = { ce_id: '0198c1a0-1', ce_type: letter.event_type, ce_ownerepoch: '7' }
  const value = { task_id: '0198c1a0', attempt: 1, prompt: { $enc: 'v1:Zm9v…' } }
  answer(response, 200, { id: letter.id, parked: true, record: told(letter), headers, value, behind: 1, orders: [] })
}

function queueOf(world: World) {
  const open = world.tasks.filter((task) => task.ended_at === null)
  const count = (tasks: typeof open) => ({
    queued: tasks.filter((task) => task.status === 'queued').length,
    running: tasks.filter((task) => task.status === 'running').length,
    cancelling: tasks.filter((task) => task.status === 'cancelling').length,
    oldest_queued_at: tasks.find((task) => task.status === 'queued')?.created_at ?? null,
  })
  const accounts = [...new Set(open.map((task) => task.account))]
  return {
    ...count(open),
    by_model: catalog().map(({ id }) => ({ model: id, ...count(open.filter((task) => task.order.model === id)), workers: 1 })),
    by_account: accounts.map((account) => ({ account_id: account.uuid, ...count(open.filter((task) => task.account === account)) })),
  }
}

function workersOf(world: World) {
  const running = world.tasks.filter((task) => task.status === 'running').map(({ task_id }) => ({ task_id, attempt: 1 }))
  const engines = catalog().map(({ id, version }) => ({ id, version, loaded: id === 'lathe/form' }))
  const worker = { engines, draining: false, started_at: now(7200), heard_at: now(1) }
  return [
    { ...worker, worker_id: '0198c1a0-7f3e-7d5c', host: 'bench-1', device: 'cpu, 8 threads', slots: 2, running },
    { ...worker, worker_id: '0198c1a0-9c01-7aa2', host: 'bench-2', device: 'cuda:0, 24 GiB', slots: 4, running: [], draining: true },
  ]
}
