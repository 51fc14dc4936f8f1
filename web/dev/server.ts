/**
 * A stand-in for the real API, in memory, for work on the page alone: `npm run mock`, then open the address it prints.
 * Serves web/dist with the gateway's Content-Security-Policy. Words in a prompt steer it: "held" waits whenever it has
 * grown, "unicorn" fails, "comfy" is ignored. Who is called op… is an operator. MOCK_GLB names a model to hand out instead
 * of the mock's own. POST /mock/go-on lets held tasks grow once more, /mock/finish to their end; /mock/end-sessions ends all
 * sessions, /mock/cut breaks all live streams, /mock/spend takes all credits away.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, resolve } from 'node:path'
import { profileOf } from './accounts.ts'
import { generate } from './generate.ts'
import { answer, formOf, jsonOf, Refusal } from './http.ts'
import { operate } from './operator.ts'
import { goOn } from './tasks.ts'
import { missing, pageOf, World } from './world.ts'

const root = resolve(import.meta.dirname, '..')
const dist = resolve(root, process.env['MOCK_DIST'] ?? 'dist')
const policy = readFileSync(join(root, 'csp.txt'), 'utf8').trim()
const world = new World()

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const path = url.pathname
  if (path.startsWith('/auth/')) return auth(path, request, response)
  if (path.startsWith('/mock/')) return answer(response, 200, trick(path))
  if (path === '/generate' || path.startsWith('/generate/')) return generate(world, request, response, url)
  if (path.startsWith('/admin/')) return operate(world, request, response, url)
  const me = () => world.accounts.of(request.headers.authorization)
  if (path === '/api/v1/billing/balance') {
    return answer(response, 200, { available: me().balance, reserved: me().reserved, currency: 'credits' })
  }
  if (path === '/api/v1/billing/transactions') return answer(response, 200, pageOf(me().ledger, url))
  if (path === '/upload') {
    const file = (await formOf(request)).get('file') as File
    const data = Buffer.from(await file.arrayBuffer())
    if (data.length === 0) throw new Refusal(422, 'invalid-input', 'The request does not make sense', 'The file is empty.')
    return world.once(request, response, 201, async () => {
      const stored = { file_id: randomUUID(), owner: me(), name: file.name, media_type: file.type, data }
      world.files.set(stored.file_id, stored)
      return { file_id: stored.file_id, name: file.name, media_type: file.type, bytes: data.length, url: `/files/${stored.file_id}` }
    })
  }
  if (path.startsWith('/files/')) {
    const file = world.files.get(path.slice('/files/'.length))
    if (file === undefined || file.owner !== me()) throw missing()
    response.writeHead(200, { 'Content-Type': file.media_type, 'Content-Length': file.data.length }).end(file.data)
    return
  }
  return page(path, response)
}

async function auth(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { accounts } = world
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
  return answer(response, 200, profileOf(accounts.of(request.headers.authorization)))
}

function trick(path: string): object {
  if (path === '/mock/end-sessions') world.accounts.endSessions()
  else if (path === '/mock/spend') world.accounts.spendAll()
  else if (path === '/mock/go-on') goOn(false)
  else if (path === '/mock/finish') goOn(true)
  else if (path === '/mock/cut') for (const stream of world.streams) stream.destroy()
  else throw missing()
  return {}
}

function grant(request: IncomingMessage, response: ServerResponse, tokens: { refresh_token: string }): void {
  if (request.headers['x-lathe-cookie'] !== '1') return answer(response, 200, tokens)
  const { refresh_token, ...rest } = tokens
  answer(response, 200, rest, {
    'Set-Cookie': `lathe_refresh=${refresh_token}; Path=/auth; HttpOnly; SameSite=Strict`,
  })
}

const cookieOf = (request: IncomingMessage): string => /lathe_refresh=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? ''

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
