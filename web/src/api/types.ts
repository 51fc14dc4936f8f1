/** Names for what the API speaks of, all from its specification (`schema.ts`). Money is in credits, times are RFC 3339. */
import type { components } from './schema.ts'

type Schemas = components['schemas']

export type Profile = Schemas['Profile']
export type Task = Schemas['Task']
export type TaskStatus = Task['status']
export type TaskPage = Schemas['TaskPage']
export type TaskProblem = Schemas['TaskProblem']
export type TaskEvent = Schemas['TaskEvent']
export type Params = Record<string, unknown>
export type Output = Schemas['Output']
export type MeshReport = Schemas['MeshReport']
export type Understood = Schemas['Understood']
export type Result = Schemas['Result']
export type Balance = Schemas['Balance']
export type Transaction = Schemas['Transaction']
export type TransactionPage = Schemas['TransactionPage']

/** The part of JSON Schema (2020-12) that engines use to describe a parameter. */
export type ParamSchema = {
  type?: SchemaType | SchemaType[]
  title?: string
  description?: string
  default?: unknown
  enum?: (string | number)[]
  examples?: unknown[]
  minimum?: number
  maximum?: number
  multipleOf?: number
  maxLength?: number
  format?: string
  items?: { enum?: (string | number)[] }
  minItems?: number
}
export type SchemaType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null'

/** `params_schema` is any JSON Schema to the specification; this is what the page reads of it. */
export type Model = Omit<Schemas['Model'], 'params_schema'> & {
  params_schema: { properties?: Record<string, ParamSchema> }
}
export type Kind = Model['kinds'][number]

/** SSE event `progress`: only the latest one counts. */
export type TaskProgress = Pick<Task, 'progress'> &
  Partial<Pick<Task, 'stage' | 'message' | 'attempt' | 'queue_position' | 'eta_s' | 'preview_url'>>

/** What the page takes of the login's answer: with `X-Lathe-Cookie: 1` the refresh token is not in the body. */
export type Tokens = { access_token: string; expires_in: number }

export const isTerminal = (status: TaskStatus): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled'
