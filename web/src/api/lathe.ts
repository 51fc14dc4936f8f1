import { Client } from './client.ts'
import { Session } from './session.ts'
import type { Model, Page, Profile, Result, StoredFile, Task, TaskOrder } from './types.ts'

export const session = new Session()
export const client = new Client(session)

export const newKey = (): string => crypto.randomUUID()

export const profile = (): Promise<Profile> => client.json('/auth/profile')

/** Engines that can be asked for; the list is public. */
export async function models(): Promise<Model[]> {
  const answer = await client.json<Model[] | { items: Model[] }>('/generate/models', { auth: 'none' })
  const list = Array.isArray(answer) ? answer : answer.items
  return list.filter((model) => !model.retired)
}

/** `cursor` is the `next` of the page before. */
export function tasks(cursor: string | null, limit: number, status?: string): Promise<Page<Task>> {
  const query = new URLSearchParams({ limit: String(limit) })
  if (cursor !== null) query.set('cursor', cursor)
  if (status !== undefined) query.set('status', status)
  return client.json(`/generate?${query}`)
}

export const task = (id: string): Promise<Task> => client.json(`/generate/${encodeURIComponent(id)}`)
export const result = (id: string): Promise<Result> => client.json(`/generate/${encodeURIComponent(id)}/result`)

/** The bytes behind a `url` of the API, or of a file id. */
export const bytes = async (url: string): Promise<Blob> => (await client.send(url)).blob()
export const fileUrl = (fileId: string): string => `/files/${encodeURIComponent(fileId)}`

export function upload(file: File, key: string, signal?: AbortSignal): Promise<StoredFile> {
  const form = new FormData()
  form.set('file', file, file.name)
  return client.json('/upload', { method: 'POST', body: form, key, ...(signal && { signal }) })
}

export const create = (order: TaskOrder, key: string, signal?: AbortSignal): Promise<Task> =>
  client.json('/generate', { method: 'POST', body: order, key, ...(signal && { signal }) })

export const cancel = (id: string): Promise<Task> =>
  client.json(`/generate/${encodeURIComponent(id)}/cancel`, { method: 'POST', key: newKey() })

export const retry = (id: string, key: string): Promise<Task> =>
  client.json(`/generate/${encodeURIComponent(id)}/retry`, { method: 'POST', key })
