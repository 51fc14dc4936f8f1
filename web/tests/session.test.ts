import { expect, test } from 'vitest'
import { Client } from '../src/api/client.ts'
import { LoginDismissed, NoAnswer } from '../src/api/problem.ts'
import { Session } from '../src/api/session.ts'
import { json, jwt, loggedIn, Memory, refusal, Scripted, tokens } from './server.ts'

const ann = { username: 'ann', password: 'secret1' }
const ended = { '/auth/refresh': [refusal(401, 'unauthenticated')] }

/** The page loaded anew, with what an earlier visit of ann left. */
async function comeBack(script: ConstructorParameters<typeof Scripted>[0]) {
  const memory = new Memory()
  await new Session(new Scripted({ '/auth/login': [tokens('first')] }).fetch, memory).login(ann)
  const server = new Scripted(script)
  const session = new Session(server.fetch, memory, () => 0)
  return { server, session, client: new Client(session, server.fetch, () => 0) }
}

test('another who logs in gets nothing of what the one before had begun', async () => {
  const { client, server, session } = await loggedIn({
    ...ended,
    '/a': [refusal(401, 'unauthenticated'), json({})],
    '/auth/login': [tokens('first'), tokens('hers', 900, 'eve')],
  })
  const left: (string | null)[] = []
  session.whenLeft(() => left.push(session.account))
  const waiting = client.json('/a', { method: 'POST', key: 'k' })
  await expect.poll(() => session.state).toBe('expired')
  await session.login({ username: 'eve', password: 'secret1' })
  await expect(waiting).rejects.toThrow(LoginDismissed)
  expect(left).toEqual(['eve'])
  expect(server.to('/a')).toHaveLength(1)
  expect(session.demanded).toBeNull()
  expect(await session.accessToken()).toBeNull()
})

test('a request is not sent as another whose cookie has taken the place of its own', async () => {
  const { client, server } = await loggedIn({ '/a': [json({})], '/auth/refresh': [tokens('hers', 900, 'eve')] }, 5)
  await expect(client.json('/a')).rejects.toThrow(LoginDismissed)
  expect(server.to('/a')).toHaveLength(0)
})

test('a logout is told once and ends what waits, the same person coming back is no farewell', async () => {
  const { client, session } = await loggedIn({
    ...ended,
    '/a': [refusal(401, 'unauthenticated')],
    '/auth/login': [tokens('first'), tokens('again')],
    '/auth/logout': [new Response(null, { status: 204 })],
  })
  let farewells = 0
  session.whenLeft(() => (farewells += 1))
  const waiting = client.json('/a')
  await expect.poll(() => session.state).toBe('expired')
  await session.login(ann)
  expect(farewells).toBe(0)
  await session.logout()
  await expect(waiting).rejects.toThrow(LoginDismissed)
  expect([farewells, session.state, session.account]).toEqual([1, 'anonymous', null])
})

test('who closes the dialog of a session that has run out is logged out, and known again when they log in', async () => {
  const { client, session } = await loggedIn({
    ...ended,
    '/a': [refusal(401, 'unauthenticated'), json({ ok: true })],
    '/auth/login': [tokens('first'), tokens('again')],
  })
  const waiting = client.json('/a')
  await expect.poll(() => session.demanded).toBe('login')
  session.dismiss()
  await expect(waiting).rejects.toThrow(LoginDismissed)
  expect([session.state, session.account]).toEqual(['anonymous', 'ann'])
  const later = client.json('/a')
  await expect.poll(() => session.demanded).toBe('login')
  await session.login(ann)
  expect(await later).toEqual({ ok: true })
})

test('a reload takes the session up however long the server cannot say', async () => {
  const { client, server, session } = await comeBack({
    '/a': [json({ ok: true })],
    '/auth/refresh': [
      new TypeError('Failed to fetch'),
      new Response('<html>', { status: 502 }),
      refusal(429, 'rate-limited'),
      new Response('<html>', { headers: { 'Content-Type': 'text/html' } }),
      tokens('second'),
    ],
  })
  const seen: [string, boolean][] = []
  session.subscribe(() => seen.push([session.state, session.unreachable]))
  const restored = session.restore()
  expect(await client.json('/a')).toEqual({ ok: true })
  await restored
  expect(seen).toEqual([...Array.from({ length: 4 }, () => ['restoring', true]), ['active', false]])
  expect(session.demanded).toBeNull()
  expect(server.to('/a')[0]?.headers.get('Authorization')).toBe(`Bearer ${jwt('second')}`)
})

test.each([401, 403])('a reload whose cookie is refused with %i is nobody', async (status) => {
  const { server, session } = await comeBack({ '/auth/refresh': [refusal(status, 'refused')] })
  await session.restore()
  expect([session.state, session.unreachable]).toEqual(['anonymous', false])
  expect(server.to('/auth/refresh')).toHaveLength(1)
})

const taken = () => refusal(409, 'already-exists')

test.each([
  ['the login after it', { '/auth/register': [json({}, 201), taken()], '/auth/login': [new TypeError('lost'), tokens('first')] }],
  ['the registration', { '/auth/register': [new TypeError('lost'), taken()], '/auth/login': [tokens('first')] }],
])('whose answer to %s was lost is let in when they press again', async (_, script) => {
  const session = new Session(new Scripted(script).fetch, new Memory())
  await expect(session.register(ann)).rejects.toThrow(NoAnswer)
  await session.register(ann)
  expect([session.state, session.account]).toEqual(['active', 'ann'])
})

test.each([
  ['taken, when the password is another', refusal(401, 'unauthenticated'), { code: 'already-exists' }],
  ['not known to be taken, when the server is busy', refusal(503, 'unavailable'), { code: 'unavailable' }],
])('a name is %s', async (_, login, told) => {
  const session = new Session(new Scripted({ '/auth/register': [taken()], '/auth/login': [login] }).fetch, new Memory())
  await expect(session.register(ann)).rejects.toMatchObject(told)
  expect(session.state).toBe('restoring')
})

test('a login that is refused after the account was made is told as it is', async () => {
  const script = { '/auth/register': [json({}, 201)], '/auth/login': [refusal(401, 'unauthenticated')] }
  const session = new Session(new Scripted(script).fetch, new Memory())
  await expect(session.register(ann)).rejects.toMatchObject({ status: 401 })
})
