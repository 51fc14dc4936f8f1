import type { IncomingMessage, ServerResponse } from 'node:http'
import { catalog } from './engines.ts'
import { answer, jsonOf, Refusal } from './http.ts'
import type { Task, Told } from './tasks.ts'
import { missing, type Order, pageOf, type World } from './world.ts'

/** The routes below /generate. */
export async function generate(world: World, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const call = `${request.method} ${url.pathname}`
  if (call === 'GET /generate/models') return answer(response, 200, { items: catalog() })
  const me = world.accounts.of(request.headers.authorization)
  if (call === 'POST /generate') {
    return world.once(request, response, 202, async () => world.begin(me, await jsonOf<Order>(request)))
  }
  if (call === 'GET /generate') {
    const wanted = url.searchParams.getAll('status')
    const mine = world.tasks.filter((task) => task.account === me).toReversed()
    const matching = wanted.length === 0 ? mine : mine.filter((task) => wanted.includes(task.status))
    return answer(response, 200, pageOf(matching, url, (task) => task.view()))
  }
  const [, id, action] = /^\/generate\/([^/]+)(?:\/(\w+))?$/.exec(url.pathname) ?? []
  const task = world.tasks.find((one) => one.task_id === id)
  if (task === undefined || task.account !== me) throw missing()
  switch (action) {
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
      return world.once(request, response, 202, async () => world.fork(me, task, {}))
    case 'fork':
      return world.once(request, response, 202, async () => world.fork(me, task, await jsonOf<Order>(request)))
    case 'events':
      return follow(world, task, request, response)
    default:
      throw missing()
  }
}

function follow(world: World, task: Task, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  world.streams.add(response)
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
  response.on('close', () => world.streams.delete(response))
}
