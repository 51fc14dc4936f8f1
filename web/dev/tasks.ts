import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Account, move } from './accounts.ts'
import { chair, glb, vase } from './glb.ts'
import { Refusal } from './http.ts'
import { previewPng } from './png.ts'

export type StoredFile = { file_id: string; owner: Account; name: string; media_type: string; data: Buffer }
export type Told = { event: 'task' | 'progress'; id?: number; data: object }
export type Order = { prompt?: string; image_file_id?: string; images?: Record<string, string>; model: string; seed?: number; params: Record<string, unknown> }
type Status = 'queued' | 'running' | 'cancelling' | 'completed' | 'failed' | 'cancelled'

const SPEED = Number(process.env['MOCK_SPEED'] ?? 1)
const ACTORS: Record<string, string> = { requested: 'user', 'cancel-requested': 'user' }
const STAGES: [string, number][] = [['field', 900], ['surface', 700], ['texture', 900], ['files', 300], ['upload', 100]]

const held = new Set<Task>()

/** Lets the tasks whose prompt says "held" grow once more, or go on `to_end`. */
export function goOn(to_end: boolean): void {
  for (const task of held) task.release()
  if (to_end) held.clear()
}

/** One task of the mock: lives through its stages on timers and tells its listeners. */
export class Task {
  readonly task_id = randomUUID()
  readonly created_at = new Date().toISOString()
  readonly events: Told[] = []
  readonly listeners = new Set<(told: Told) => void>()
  status: Status = 'queued'
  progress = 0
  stage: string | null = null
  queue_position: number | null = 3
  charged = 0
  reserved: number
  problem: object | null = null
  reason: string | null = null
  started_at: string | null = null
  ended_at: string | null = null
  outputs: StoredFile[] = []
  preview: StoredFile | null = null

  readonly account: Account
  readonly order: Order
  readonly price: number
  readonly parent: string | null
  private readonly files: Map<string, StoredFile>
  /** Ends the wait of a held task. */
  release: () => void = () => {}

  constructor(account: Account, order: Order, price: number, files: Map<string, StoredFile>, parent: string | null = null) {
    this.account = account
    this.order = order
    this.price = price
    this.files = files
    this.parent = parent
    if (/held/.test(order.prompt ?? '')) held.add(this)
    if (account.balance < price) {
      throw new Refusal(402, 'insufficient-credits', 'Not enough credits', 'The balance does not cover the price.', {
        balance: account.balance,
        price,
      })
    }
    account.balance -= price
    account.reserved += price
    this.reserved = price
    move(account, 'reservation', this.task_id, -price)
    this.tell('requested', { attempt: 1, price, reserved: price })
    void this.live()
  }

  view() {
    const { prompt, image_file_id, images, model, params, seed } = this.order
    const inputs = Object.entries(images ?? (image_file_id === undefined ? {} : { image: image_file_id }))
    return {
      task_id: this.task_id,
      seq: this.events.length,
      kind: 'generate',
      status: this.status,
      progress: this.progress,
      stage: this.stage,
      queue_position: this.queue_position,
      eta_s: this.queue_position === null ? null : this.queue_position * 2,
      attempt: 1,
      model,
      model_version: '1.0.0',
      params,
      prompt: prompt ?? null,
      inputs: inputs.map(([role, file_id]) => ({ role, file_id, url: `/files/${file_id}` })),
      message: null,
      seed: seed ?? 7,
      priority: 0,
      deadline: null,
      timings: this.timings(),
      reason: this.reason,
      updated_at: this.ended_at ?? this.created_at,
      price: this.price,
      reserved: this.reserved,
      charged: this.charged,
      problem: this.problem,
      parent: this.parent,
      preview_url: this.preview === null ? null : `/files/${this.preview.file_id}`,
      created_at: this.created_at,
      started_at: this.started_at,
      ended_at: this.ended_at,
    }
  }

  result() {
    if (this.status === 'failed' || this.status === 'cancelled') {
      throw new Refusal(410, 'wrong-state', 'Not possible in this state', `The task has ${this.status}.`)
    }
    if (this.status !== 'completed') throw new Refusal(409, 'wrong-state', 'Not possible in this state', 'The task is not finished.')
    const isChair = this.isChair()
    return {
      task_id: this.task_id,
      outputs: this.outputs.map((file) => ({
        format: file.name.split('.').pop(),
        file_id: file.file_id,
        url: `/files/${file.file_id}`,
        media_type: file.media_type,
        bytes: file.data.length,
        sha256: createHash('sha256').update(file.data).digest('hex'),
      })),
      report: {
        watertight: true,
        manifold: true,
        components: 1,
        faces: isChair ? 12480 : 11712,
        bounds_mm: isChair ? [[-225, 0, -225], [225, 900, 225]] : [[-106, 0, -106], [106, 300, 106]],
        size_mm: isChair ? [450, 900, 450] : [212, 300, 212],
        volume_mm3: 2.14e7,
        texture_size: 1024,
        printability: { printable: true, hints: isChair ? ['Larger than a common 220 mm print bed: print it at 24 % or in parts.'] : [] },
      },
      preview_url: `/files/${this.preview!.file_id}`,
      understood: isChair
        ? {
            object: 'chair',
            family: 'chair',
            count: 1,
            size_m: { width: 0.45, height: 0.9, depth: 0.45 },
            parts: { leg: 4 },
            finishes: { main: { material: 'wood', color: '#b3261e' } },
          }
        : { object: 'vase', family: 'vase', count: 1, finishes: { main: { color: '#2b55c4' } } },
      ignored: /comfy/.test(this.order.prompt ?? '') ? ['comfy'] : [],
    }
  }

  private timings(): Record<string, number> {
    if (this.ended_at === null || this.started_at === null) return {}
    return { running_s: (Date.parse(this.ended_at) - Date.parse(this.started_at)) / 1000 }
  }

  cancel(): void {
    if (this.status === 'completed') throw new Refusal(409, 'wrong-state', 'Not possible in this state', 'The task has completed.')
    if (this.status === 'queued') this.end('cancelled', 0, { reason: (this.reason = 'client') })
    else if (this.status === 'running') {
      this.status = 'cancelling'
      this.tell('cancel-requested', { attempt: 1 })
      this.release()
    }
  }

  private async live(): Promise<void> {
    for (; this.queue_position !== null; this.queue_position = this.queue_position > 1 ? this.queue_position - 1 : null) {
      this.tellProgress()
      await pause(500)
      if (this.status !== 'queued') return
    }
    this.status = 'running'
    this.started_at = new Date().toISOString()
    this.tell('started', { attempt: 1 })
    const all = STAGES.reduce((sum, [, ms]) => sum + ms, 0)
    let done = 0
    for (const [stage, ms] of STAGES) {
      this.stage = stage
      for (let step = 0; step < 8; step += 1) {
        this.progress = (done + (ms * step) / 8) / all
        const grows = step % 4 === 0 && stage !== 'files' && stage !== 'upload'
        if (grows) this.grow()
        this.tellProgress()
        await (grows && held.has(this) ? new Promise<void>((go) => (this.release = go)) : pause(ms / 8))
        if (this.isCancelling()) return this.end('cancelled', this.price * Math.round(this.progress * 100) / 100, { reason: 'client' })
        if (stage === 'surface' && /unicorn/.test(this.order.prompt ?? '')) return this.fail()
      }
      done += ms
    }
    this.complete()
  }

  private isCancelling = (): boolean => this.status === 'cancelling'
  private isChair = (): boolean => /chair/.test(this.order.prompt ?? '')

  private fail(): void {
    this.problem = { code: 'not-understood', kind: 'bad-input', detail: 'I cannot make a unicorn. I know chairs, tables, mugs, vases and more.' }
    this.end('failed', 0, { problem: this.problem })
  }

  private complete(): void {
    const real = process.env['MOCK_GLB']
    const model = real === undefined ? glb(this.isChair() ? chair() : vase()) : readFileSync(real)
    const formats = (this.order.params['formats'] as string[] | undefined) ?? ['glb']
    const types: Record<string, string> = {
      glb: 'model/gltf-binary',
      obj: 'application/zip',
      stl: 'model/stl',
      fbx: 'application/octet-stream',
      '3mf': 'model/3mf',
      usdz: 'model/vnd.usdz+zip',
      webp: 'image/webp',
    }
    this.outputs = formats.map((format) => this.store(`model.${format}`, types[format]!, model))
    this.preview = this.store('preview.png', 'image/png', previewPng(this.isChair()))
    this.progress = 1
    const metrics = { understand_s: 0.01, field_s: 0.44, surface_s: 0.71, texture_s: 0.92, files_s: 0.1, preview_s: 0.3 }
    this.end('completed', this.price, { outputs: [], metrics })
  }

  /** A picture of what is there so far: cut off above, as far as it has grown. */
  private grow(): void {
    this.preview = this.store('growing.png', 'image/png', previewPng(this.isChair(), 0.25 + this.progress))
  }

  private store(name: string, media_type: string, data: Buffer): StoredFile {
    const file = { file_id: randomUUID(), owner: this.account, name, media_type, data }
    this.files.set(file.file_id, file)
    return file
  }

  private end(status: Status, charged: number, data: object): void {
    this.status = status
    this.stage = null
    this.queue_position = null
    this.charged = charged
    this.account.reserved -= this.price
    this.account.balance += this.price - charged
    this.reserved = 0
    if (charged > 0) move(this.account, 'charge', this.task_id, -charged, this.price - charged)
    else move(this.account, 'release', this.task_id, this.price)
    this.ended_at = new Date().toISOString()
    this.tell(status, { attempt: 1, charged, released: this.price - charged, ...data })
  }

  private tell(type: string, data: object): void {
    const seq = this.events.length + 1
    const told: Told = { event: 'task', id: seq, data: { task_id: this.task_id, seq, type, status: this.status, actor: ACTORS[type] ?? 'service/ml_worker', time: new Date().toISOString(), ...data } }
    this.events.push(told)
    for (const listener of this.listeners) listener(told)
  }

  progressNow(): Told {
    const { progress, stage, queue_position, eta_s, preview_url } = this.view()
    return { event: 'progress', data: { progress, stage, message: null, attempt: 1, queue_position, eta_s, preview_url } }
  }

  private tellProgress(): void {
    for (const listener of this.listeners) listener(this.progressNow())
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms / SPEED))
