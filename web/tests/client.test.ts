import { expect, test } from 'vitest'
import { Client } from '../src/api/client.ts'
import { LoginDismissed, NoAnswer, Problem } from '../src/api/problem.ts'
import { Session } from '../src/api/session.ts'
import { json, jwt, loggedIn, Memory, refusal, Scripted, tokens } from './server.ts'

const offline = () => new TypeError('Failed to fetch')

test('a request that creates is repeated with the same key until it is answered', async () => {
  const { client, server } = await loggedIn({
    '/generate': [offline(), refusal(503, 'outcome-pending', { 'Retry-After': '0' }), offline(), json({ task_id: 't1' }, 202)],
  })
  const task = await client.json('/generate', { method: 'POST', body: { prompt: 'a mug' }, key: 'k1' })
  expect(task).toEqual({ task_id: 't1' })
  expect(server.to('/generate').map((request) => request.headers.get('Idempotency-Key'))).toEqual(['k1', 'k1', 'k1', 'k1'])
})

test('without a key nothing is repeated', async () => {
  const { client, server } = await loggedIn({ '/generate': [offline(), json({})] })
  await expect(client.json('/generate', { method: 'POST', body: {} })).rejects.toThrow(NoAnswer)
  expect(server.to('/generate')).toHaveLength(1)
})

test('a refusal is final, and says why', async () => {
  const { client, server } = await loggedIn({ '/generate': [refusal(402, 'insufficient-credits')] })
  const failure = await client.json('/generate', { method: 'POST', body: {}, key: 'k' }).catch((reason: unknown) => reason)
  expect(failure).toBeInstanceOf(Problem)
  expect((failure as Problem).code).toBe('insufficient-credits')
  expect(server.to('/generate')).toHaveLength(1)
})

test('it gives up after five tries', async () => {
  const { client, server } = await loggedIn({ '/generate': [offline()] })
  await expect(client.json('/generate', { method: 'POST', key: 'k' })).rejects.toThrow(NoAnswer)
  expect(server.to('/generate')).toHaveLength(5)
})

test('a refused token is renewed once, for all requests that wait', async () => {
  const guard = (request: { headers: Headers }) =>
    request.headers.get('Authorization') === `Bearer ${jwt('second')}` ? json({ ok: true }) : refusal(401, 'unauthenticated')
  const { client, server } = await loggedIn({ '/a': [guard], '/b': [guard], '/auth/refresh': [tokens('second')] })
  expect(await Promise.all([client.json('/a'), client.json('/b')])).toEqual([{ ok: true }, { ok: true }])
  expect(server.to('/auth/refresh')).toHaveLength(1)
})

test('a token that is about to run out is renewed before it is used', async () => {
  const { client, server } = await loggedIn({ '/a': [json({})], '/auth/refresh': [tokens('second')] }, 5)
  await client.json('/a')
  expect(server.to('/a').map((request) => request.headers.get('Authorization'))).toEqual([`Bearer ${jwt('second')}`])
})

test('when the session has ended the request waits for the login and then goes on', async () => {
  const { client, server, session } = await loggedIn({
    '/a': [refusal(401, 'unauthenticated'), json({ ok: true })],
    '/auth/refresh': [refusal(401, 'unauthenticated')],
    '/auth/login': [tokens('first'), tokens('again')],
  })
  const answer = client.json('/a')
  await expect.poll(() => session.demanded).toBe('login')
  expect(session.state).toBe('expired')
  await session.login({ username: 'ann', password: 'secret1' })
  expect(await answer).toEqual({ ok: true })
  expect(session.demanded).toBeNull()
  expect(server.to('/a').at(-1)?.headers.get('Authorization')).toBe(`Bearer ${jwt('again')}`)
})

test('closing the login dialog ends the request', async () => {
  const server = new Scripted({})
  const session = new Session(server.fetch, new Memory())
  await session.restore()
  const answer = new Client(session, server.fetch).json('/a')
  await expect.poll(() => session.demanded).toBe('register')
  session.dismiss()
  await expect(answer).rejects.toThrow(LoginDismissed)
  expect(server.seen).toHaveLength(0)
})

test('a reload takes the session up by the cookie, a first visit asks nothing', async () => {
  const memory = new Memory()
  const server = new Scripted({ '/auth/login': [tokens('first')], '/auth/refresh': [tokens('second')] })
  await new Session(server.fetch, memory).login({ username: 'ann', password: 'secret1' })
  const reloaded = new Session(server.fetch, memory)
  await reloaded.restore()
  expect(reloaded.state).toBe('active')
  expect(await reloaded.accessToken()).toBe(jwt('second'))
  expect(server.to('/auth/refresh')[0]?.headers.get('X-Lathe-Cookie')).toBe('1')

  const stranger = new Session(server.fetch, new Memory())
  await stranger.restore()
  expect(stranger.state).toBe('anonymous')
  expect(server.to('/auth/refresh')).toHaveLength(1)
})

test('a server that cannot renew the token right now does not end the session', async () => {
  const { client, session } = await loggedIn({ '/a': [json({})], '/auth/refresh': [refusal(503, 'unavailable')] }, 5)
  await expect(client.json('/a')).rejects.toThrow(Problem)
  expect(session.state).toBe('active')
})
