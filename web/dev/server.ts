/**
 * A stand-in for the real API, in memory, for work on the page alone: `npm run mock`, then open the address it prints.
 * Serves web/dist with the gateway's Content-Security-Policy. Words in a prompt steer it: "slow" takes its time,
 * "unicorn" fails, "comfy" is ignored. MOCK_GLB names a model to
 * hand out instead of the mock's own. POST /mock/end-sessions ends all sessions, POST /mock/cut breaks all live streams.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, resolve } from 'node:path'
import { type Account, Accounts, profileOf } from './accounts.ts'
import { answer, formOf, jsonOf, Refusal } from './http.ts'
import { type StoredFile, Task, type Told } from './tasks.ts'

const root = resolve(import.meta.dirname, '..')
const dist = resolve(root, process.env['MOCK_DIST'] ?? 'dist')
const policy = readFileSync(join(root, 'csp.txt'), 'utf8').trim()
const models = JSON.parse(readFileSync(join(root, '../domain/catalog/builtin.json'), 'utf8')) as {
  model: string
  version: string
  title: string
  kinds: string[]
  params_schema: object
  price: number
  typical_seconds: number
}[]

const accounts = new Accounts()
const tasks: Task[] = []
const files = new Map<string, StoredFile>()
const answered = new Map<string, { status: number; body: object }>()
const streams = new Set<ServerResponse>()

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const path = url.pathname.replace(/(.)\/$/, '$1')
  const call = `${request.method} ${path}`
  const me = (): Account => accounts.of(request.headers.authorization)
  const key = request.headers['idempotency-key']
  const once = async (status: number, make: () => Promise<object>): Promise<void> => {
    const name = `${me().uuid} ${call} ${String(key ?? randomUUID())}`
    const known = answered.get(name) ?? { status, body: await make() }
    answered.set(name, known)
    answer(response, known.status, known.body)
  }

  if (path === '/auth/register') {
    const { username, password } = await jsonOf<Record<string, string>>(request)
    return answer(response, 201, profileOf(accounts.register(username ?? '', password ?? '')))
  }
  if (path === '/auth/login') {
    const { username, password } = await jsonOf<Record<string, string>>(request)
    return grant(request, response, accounts.login(username ?? '', password ?? ''))
  }
  if (path === '/auth/refresh') return grant(request, response, accounts.renew(cookieOf(request)))
  if (path === '/auth/logout') {
    accounts.drop(cookieOf(request))
    response.writeHead(204, { 'Set-Cookie': 'lathe_refresh=; Path=/auth; Max-Age=0' }).end()
    return
  }
  if (path === '/auth/profile') return answer(response, 200, profileOf(me()))
  if (path === '/mock/end-sessions') {
    accounts.endSessions()
    return answer(response, 200, {})
  }
  if (path === '/mock/cut') {
    for (const stream of streams) stream.destroy()
    return answer(response, 200, {})
  }
  if (call === 'GET /generate/models') {
    return answer(response, 200, { items: models.map(({ model, ...rest }) => ({ id: model, ...rest, price: rest.price / 1e6 })) })
  }
  if (call === 'POST /upload') {
    const account = me()
    const file = (await formOf(request)).get('file') as File
    const data = Buffer.from(await file.arrayBuffer())
    if (data.length === 0) throw new Refusal(422, 'invalid-input', 'The request does not make sense', 'The file is empty.')
    const stored = { file_id: randomUUID(), owner: account, name: file.name, media_type: file.type, data }
    files.set(stored.file_id, stored)
    return once(201, async () => ({ file_id: stored.file_id, name: file.name, media_type: file.type, bytes: data.length, url: `/files/${stored.file_id}` }))
  }
  if (path.startsWith('/files/')) {
    const file = files.get(path.slice('/files/'.length))
    if (file === undefined || file.owner !== me()) throw missing()
    response.writeHead(200, { 'Content-Type': file.media_type, 'Content-Length': file.data.length }).end(file.data)
    return
  }
  if (call === 'POST /generate') {
    return once(202, async () => begin(me(), await jsonOf(request)))
  }
  if (call === 'GET /generate') {
    const mine = tasks.filter((task) => task.account === me()).toReversed()
    const status = url.searchParams.get('status')
    const matching = status === null ? mine : mine.filter((task) => task.status === status)
    const limit = Number(url.searchParams.get('limit') ?? 20)
    const offset = Number(url.searchParams.get('cursor') ?? 0)
    const next = offset + limit < matching.length ? String(offset + limit) : null
    const items = matching.slice(offset, offset + limit).map((task) => task.view())
    return answer(response, 200, { items, total: matching.length, limit, offset, next })
  }
  const found = /^\/generate\/([^/]+)(?:\/(\w+))?$/.exec(path)
  const task = tasks.find((one) => one.task_id === found?.[1])
  if (found !== null) {
    if (task === undefined || task.account !== me()) throw missing()
    switch (found[2]) {
      case undefined:
        return answer(response, 200, task.view())
      case 'result':
        return answer(response, 200, task.result())
      case 'cancel':
        task.cancel()
        return answer(response, 202, task.view())
      case 'retry':
        if (!['failed', 'cancelled'].includes(task.status)) {
          throw new Refusal(409, 'wrong-state', 'Not possible in this state', 'Only failed and cancelled tasks can be retried.')
        }
        return once(202, async () => begin(me(), task.order, task.task_id))
      case 'events':
        return follow(task, request, response)
    }
  }
  return page(path, response)
}

type Order = { prompt?: string; image_file_id?: string; model?: string; params?: Record<string, unknown> }

function begin(account: Account, order: Order, parent: string | null = null): object {
  const model = order.model ?? (order.prompt === undefined ? 'lathe/relief' : 'lathe/form')
  const price = (models.find((one) => one.model === model)?.price ?? 0) / 1e6
  const task = new Task(account, { ...order, model, params: order.params ?? {} }, price, files, parent)
  tasks.push(task)
  return task.view()
}

function follow(task: Task, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  streams.add(response)
  const send = (told: Told): void => {
    response.write(`${told.id === undefined ? '' : `id: ${told.id}\n`}event: ${told.event}\ndata: ${JSON.stringify(told.data)}\n\n`)
    if (told.id === task.events.length && task.ended_at !== null) response.end()
  }
  const after = Number(request.headers['last-event-id'] ?? 0)
  if (task.ended_at === null) {
    task.listeners.add(send)
    response.on('close', () => task.listeners.delete(send))
  }
  for (const told of task.events) if (told.id! > after) send(told)
  if (task.ended_at === null) send(task.progressNow())
  response.on('close', () => streams.delete(response))
}

function grant(request: IncomingMessage, response: ServerResponse, tokens: { refresh_token: string }): void {
  if (request.headers['x-lathe-cookie'] !== '1') return answer(response, 200, tokens)
  const { refresh_token, ...rest } = tokens
  answer(response, 200, rest, {
    'Set-Cookie': `lathe_refresh=${refresh_token}; Path=/auth; HttpOnly; SameSite=Strict`,
  })
}

const cookieOf = (request: IncomingMessage): string => /lathe_refresh=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
const missing = () => new Refusal(404, 'not-found', 'There is no such resource', 'There is no such task or file.')

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.webp': 'image/webp',
  '.webmanifest': 'application/manifest+json',
}

function page(path: string, response: ServerResponse): void {
  const wanted = join(dist, path)
  const file = wanted.startsWith(dist) && extname(wanted) !== '' && existsSync(wanted) ? wanted : join(dist, 'index.html')
  response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': policy })
  response.end(readFileSync(file))
}

const server = createServer((request, response) => {
  route(request, response).catch((failure: unknown) => {
    if (failure instanceof Refusal) return answer(response, failure.status, failure.members)
    console.error(failure)
    answer(response, 500, { type: '/problems/internal', title: 'Something went wrong here', status: 500 })
  })
})
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
  const address = server.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
})
