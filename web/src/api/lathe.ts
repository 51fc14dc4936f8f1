import { language } from '../i18n/index.ts'
import { Client } from './client.ts'
import { Session } from './session.ts'
import { type Body, get, post } from './typed.ts'
import type { Balance, Model, Profile, Result, Task, TaskPage, TaskStatus, TransactionPage } from './types.ts'

/** Every request says which language the person reads: titles of problems come in it. */
const fetcher: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers)
  headers.set('Accept-Language', language())
  return fetch(input, { ...init, headers })
}

export const session = new Session(fetcher)
export const client = new Client(session, fetcher)

/** 128 random bits. `crypto.randomUUID` is not there on a page that came by plain http. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

export const profile = (): Promise<Profile> => get(client, '/auth/profile', {})

/** Engines that can be asked for; the list is public. */
export async function models(): Promise<Model[]> {
  const { items } = await get(client, '/generate/models', { auth: 'none' })
  return (items as Model[]).filter((model) => !model.retired)
}

/** `cursor` is the `next` of the page before. */
export const tasks = (cursor: string | null, limit: number, status?: TaskStatus[]): Promise<TaskPage> =>
  get(client, '/generate', { query: { limit, cursor, status: status ?? null } })

export const task = (id: string): Promise<Task> =>
  get(client, '/generate/{task_id}', { path: { task_id: id } })

export const result = (id: string): Promise<Result> =>
  get(client, '/generate/{task_id}/result', { path: { task_id: id } })

/** The bytes behind a `url` of the API, or of a file id. */
export const bytes = async (url: string): Promise<Blob> => (await client.send(url)).blob()
export const fileUrl = (fileId: string): string => `/files/${encodeURIComponent(fileId)}`

export type StoredFile = { file_id: string }

export function upload(file: File, key: string): Promise<StoredFile> {
  const form = new FormData()
  form.set('file', file, file.name)
  return client.json('/upload', { method: 'POST', body: form, key })
}

export const balance = (): Promise<Balance> => get(client, '/api/v1/billing/balance', {})

export const transactions = (cursor: string | null, limit: number): Promise<TransactionPage> =>
  get(client, '/api/v1/billing/transactions', { query: { limit, cursor } })

/** What the page needs of the answer to whatever makes a task. */
export type Made = { task_id: string }

export type TaskOrder = Partial<Body<'/generate', 'post'>>

export const create = (order: TaskOrder, key: string): Promise<Made> =>
  post(client, '/generate', { body: { params: {}, priority: 0, ...order }, key })

/** What a fork changes; what is left out stays as in its parent, a parameter of null is taken away. */
export type Fork = Partial<NonNullable<Body<'/generate/{task_id}/fork', 'post'>>>

export const fork = (id: string, change: Fork, key: string): Promise<Made> =>
  post(client, '/generate/{task_id}/fork', { path: { task_id: id }, body: { params: {}, ...change }, key })

export const retry = (id: string, again: Body<'/generate/{task_id}/retry', 'post'>, key: string): Promise<Made> =>
  post(client, '/generate/{task_id}/retry', { path: { task_id: id }, body: again, key })

export const cancel = (id: string): Promise<unknown> =>
  post(client, '/generate/{task_id}/cancel', { path: { task_id: id }, key: newKey() })
