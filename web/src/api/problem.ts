/** Failures of a request: the server's RFC 9457 problem, or no answer at all. */
import type { components } from './schema.ts'

/** The specification's document with the members that some problems add. A gateway may send less than the API. */
export type ProblemDocument = Partial<
  Pick<components['schemas']['ProblemDocument'], 'type' | 'title' | 'status' | 'detail' | 'request_id'>
> & {
  balance?: number
  price?: number
  errors?: { pointer?: string; parameter?: string; detail?: string }[]
}

export class Problem extends Error {
  readonly status: number
  /** The stable problem type without its path, e.g. `insufficient-credits`. */
  readonly code: string
  readonly document: ProblemDocument
  readonly retryAfter: number | null

  constructor(status: number, document: ProblemDocument, retryAfter: number | null = null) {
    super(document.detail ?? document.title ?? `HTTP ${status}`)
    this.name = 'Problem'
    this.status = status
    this.code = document.type?.split('/').pop() ?? ''
    this.document = document
    this.retryAfter = retryAfter
  }

  /** What the server says about one member of the request, e.g. `/username`. */
  about(pointer: string): string | undefined {
    return this.document.errors?.find((error) => error.pointer === pointer)?.detail
  }
}

/** The server gave no answer: offline, or the connection broke before the answer came. */
export class NoAnswer extends Error {
  constructor(cause: unknown) {
    super('The server did not answer', { cause })
    this.name = 'NoAnswer'
  }
}

/** The person closed the login dialog that a request was waiting for. */
export class LoginDismissed extends Error {
  constructor() {
    super('Not logged in')
    this.name = 'LoginDismissed'
  }
}

export async function problemOf(response: Response): Promise<Problem> {
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN)
  let document: ProblemDocument = {}
  if (response.headers.get('Content-Type')?.includes('json')) {
    document = ((await response.json().catch(() => null)) as ProblemDocument | null) ?? {}
  }
  return new Problem(response.status, document, Number.isFinite(seconds) ? seconds : null)
}

/** May the same request succeed if it is sent again? */
export function isPassing(failure: unknown): boolean {
  if (failure instanceof NoAnswer) return true
  if (!(failure instanceof Problem)) return false
  return [408, 502, 503, 504].includes(failure.status) || failure.code === 'in-flight' || failure.code === 'rate-limited'
}
