/**
 * The API as its specification tells it: paths, parameters, bodies and answers come from `schema.ts`, which
 * `npm run api` makes from docs/api_spec.yaml.
 */
import type { Call, Client } from './client.ts'
import type { paths } from './schema.ts'

type Method = 'get' | 'post' | 'put' | 'delete'
type Done = 200 | 201 | 202

/** The paths that know `M`. */
export type PathOf<M extends Method> = { [P in keyof paths]: paths[P][M] extends { responses: object } ? P : never }[keyof paths]

type Of<P extends keyof paths, M extends Method> = paths[P][M]
type Json<R> = R extends { content: { 'application/json': infer Document } } ? Document : never
export type Answer<P extends keyof paths, M extends Method> =
  Of<P, M> extends { responses: infer R } ? Json<R[keyof R & Done]> : never
export type Body<P extends keyof paths, M extends Method> =
  Of<P, M> extends { requestBody?: infer R } ? Json<NonNullable<R>> : never
type InPath<P extends keyof paths, M extends Method> = Of<P, M> extends { parameters: { path: infer Q } } ? Q : never
type Query<P extends keyof paths, M extends Method> =
  Of<P, M> extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never

/** What goes with a request: members that its operation does not have are not accepted. */
export type Asked<P extends keyof paths, M extends Method> = Omit<Call, 'method' | 'body'> &
  ([InPath<P, M>] extends [never] ? object : { path: InPath<P, M> }) &
  ([Query<P, M>] extends [never] ? object : { query?: Query<P, M> }) &
  ([Body<P, M>] extends [never] ? object : { body: Body<P, M> })

type Loose = Omit<Call, 'method'> & { path?: Record<string, unknown>; query?: Record<string, unknown> }

const send = <T>(client: Client, method: Method, path: string, { path: names, query, ...call }: Loose): Promise<T> =>
  client.json<T>(addressOf(path, names, query), { ...call, method: method.toUpperCase() as Call['method'] & string })

export const get = <P extends PathOf<'get'>>(client: Client, path: P, asked: Asked<P, 'get'>): Promise<Answer<P, 'get'>> =>
  send(client, 'get', path, asked as Loose)

export const post = <P extends PathOf<'post'>>(
  client: Client,
  path: P,
  asked: Asked<P, 'post'>,
): Promise<Answer<P, 'post'>> => send(client, 'post', path, asked as Loose)

/** `/generate/{task_id}` and its values as an address; list values are repeated, missing ones left out. */
export function addressOf(path: string, names: Record<string, unknown> = {}, query: Record<string, unknown> = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(names[name])))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null) search.append(name, String(one))
  }
  return search.size === 0 ? filled : `${filled}?${search}`
}
