/** The shapes of the HTTP API as far as the page uses them. Money is in credits, times are RFC 3339. */

export type TaskStatus = 'queued' | 'running' | 'cancelling' | 'completed' | 'failed' | 'cancelled'

export type User = {
  id: number
  uuid: string
  username: string
  name: string
  email?: string | null
  role: string
  created_at: string
}

export type Profile = User & { balance: number; reserved: number }

export type Tokens = { access_token: string; token_type: string; expires_in: number }

/** The part of JSON Schema (2020-12) that engines use to describe a parameter. */
export type ParamSchema = {
  type?: 'string' | 'number' | 'integer' | 'boolean' | 'array'
  title?: string
  description?: string
  default?: unknown
  enum?: (string | number)[]
  minimum?: number
  maximum?: number
  multipleOf?: number
  format?: string
  items?: { enum?: string[] }
  minItems?: number
}

export type Model = {
  id: string
  version: string
  title: string
  kinds: ('text' | 'image' | 'images')[]
  params_schema: { properties?: Record<string, ParamSchema> }
  price: number
  typical_seconds: number
  retired?: boolean
}

export type Params = Record<string, unknown>

/** Why a task failed: `kind` is `bad-input`, `permanent`, `retryable` or `deadline`. */
export type TaskProblem = { code: string; kind: string; detail?: string | null }

export type Task = {
  task_id: string
  status: TaskStatus
  progress: number
  stage?: string | null
  queue_position?: number | null
  eta_s?: number | null
  attempt: number
  model: string
  model_version?: string
  params: Params
  prompt?: string | null
  seed?: number | null
  inputs?: { role: string; file_id: string }[]
  timings?: Record<string, number> | null
  price?: number
  reserved: number
  charged: number
  problem?: TaskProblem | null
  reason?: string | null
  parent?: string | null
  preview_url?: string | null
  created_at?: string
  started_at?: string | null
  ended_at?: string | null
}

export type Page<T> = { items: T[]; total: number; limit: number; offset: number; next: string | null }

export type Output = {
  format: string
  file_id: string
  url: string
  media_type: string
  bytes: number
  sha256: string
}

/** Mesh report; engines may add members. Lengths in millimetres. */
export type MeshReport = {
  watertight?: boolean
  faces?: number
  /** Lower and upper corner. */
  bounds_mm?: [number[], number[]]
  size_mm?: number[]
  volume_mm3?: number
  components?: number
  thinnest_wall_mm?: number | null
  texture_size?: number
  printability?: { printable: boolean; hints: string[] }
}

/** How an engine read its input: `lathe/form` a prompt, `lathe/relief` a photo (the last three). */
export type Understood = {
  object?: string
  family?: string
  count?: number
  size_m?: Record<string, number>
  parts?: Record<string, number>
  options?: Record<string, unknown>
  finishes?: Record<string, { material?: string; color?: string }>
  words?: Record<string, string[]>
  corrected?: Record<string, string>
  notes?: string[]
  can_also?: string
  separation?: string
  share_of_photo?: number
  mode?: string
}

export type Result = {
  task_id: string
  outputs: Output[]
  report: MeshReport
  preview_url?: string | null
  understood?: Understood | null
  ignored?: string[] | null
}

export type StoredFile = {
  file_id: string
  name: string
  media_type: string
  bytes: number
  url: string
}

export type TaskOrder = {
  prompt?: string
  image_file_id?: string
  model?: string
  params?: Params
  max_credits?: number
}

/** One event of a task's life: SSE event `task`, whose id is `seq`. */
export type TaskEvent = {
  seq: number
  type: 'requested' | 'started' | 'retried' | 'cancel-requested' | 'completed' | 'failed' | 'cancelled'
  status: TaskStatus
  time: string
  attempt?: number
  reserved?: number
  charged?: number
  released?: number
  reason?: string
  problem?: TaskProblem
  metrics?: Record<string, number>
}

/** SSE event `progress`: only the latest one counts. */
export type TaskProgress = {
  progress: number
  stage?: string | null
  message?: string | null
  attempt?: number
  queue_position?: number | null
  eta_s?: number | null
  preview_url?: string | null
}

export const isTerminal = (status: TaskStatus): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled'
