/** What operators may ask. Only the operator's page loads this. */
import { client } from './lathe.ts'
import type { components } from './schema.ts'
import { get, post } from './typed.ts'

type Schemas = components['schemas']
export type ReaderLag = Schemas['ReaderLag']
export type Queue = Schemas['Queue']
export type Worker = Schemas['Worker']
export type DeadLetter = Schemas['DeadLetter']
export type DeadLetterOrder = Schemas['DeadLetterOrder']
export type Rebuild = Schemas['Rebuild']

export const lag = () => get(client, '/admin/lag', {})
export const queue = () => get(client, '/admin/queue', {})
export const workers = () => get(client, '/admin/workers', {})
export const rebuilds = () => get(client, '/admin/rebuilds', {})

export const deadLetters = (cursor: string | null) =>
  get(client, '/admin/dead-letters', { query: { role: 'poison', limit: 50, cursor } })

export const deadLetter = (id: string) => get(client, '/admin/dead-letters/{letter_id}', { path: { letter_id: id } })

/** `retry` folds it anew, `skip` leaves it out for ever; both are orders that a projector carries out. */
export const order = (id: string, action: 'retry' | 'skip') =>
  post(client, `/admin/dead-letters/{letter_id}/${action}`, { path: { letter_id: id } })
