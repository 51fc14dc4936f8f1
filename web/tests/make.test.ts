import { expect, test } from 'vitest'
import { addressOf } from '../src/api/typed.ts'
import type { Model, ParamSchema, Task } from '../src/api/types.ts'
import { type Control, controlOf } from '../src/make/params/field.ts'
import { changesOf } from '../src/make/changes.ts'
import { matches } from '../src/mine/matches.ts'
import { byTopic } from '../src/operator/byTopic.ts'
import { costsOf, whoOf } from '../src/task/moments.ts'

test.each<[Control, ParamSchema]>([
  ['swatches', { enum: ['#ff0000', '#00ff00'] }],
  ['segments', { enum: ['draft', 'high'] }],
  ['select', { enum: [1, 2, 3, 4, 5, 6, 7] }],
  ['several', { type: 'array', items: { enum: ['glb', 'obj'] } }],
  ['tick', { type: 'boolean' }],
  ['slider', { type: 'integer', minimum: 1, maximum: 9, default: 4 }],
  ['number', { type: 'number', minimum: 1 }],
  ['number', { type: ['integer', 'null'] }],
  ['color', { type: 'string', format: 'color' }],
  ['text', { type: 'string' }],
  ['json', { type: 'object' }],
  ['json', { type: 'array' }],
  ['json', {}],
])('%s for %j', (control, schema) => {
  expect(controlOf(schema)).toBe(control)
})

const parent = { task_id: 't1', prompt: 'a red chair', model: 'lathe/form', seed: 7, params: { quality: 'high', size: 2 } } as unknown as Task
const draft = { prompt: 'a red chair', photos: [], engine: null, params: { 'lathe/form': { quality: 'high', size: 2, seed: 7 }, 'mock/views': { steps: 9 } }, parent }

test('a fork sends only what is changed in its parent', () => {
  expect(changesOf(parent, draft, undefined)).toEqual({})
  expect(changesOf(parent, { ...draft, prompt: ' a blue chair ' }, undefined)).toEqual({ prompt: 'a blue chair' })
})

test('a setting that went back to the usual is taken away, and so is the seed', () => {
  expect(changesOf(parent, { ...draft, params: { 'lathe/form': { quality: 'draft' } } }, undefined)).toEqual({
    params: { quality: 'draft', size: null, seed: null },
  })
})

test('another engine goes with its price as the limit and its own settings, and without those of the parent', () => {
  const engine = { id: 'mock/views', price: 3 } as Model
  expect(changesOf(parent, draft, engine)).toEqual({
    model: 'mock/views',
    max_credits: 3,
    params: { quality: null, size: null, seed: null, steps: 9 },
  })
})

test.each([
  ['red chair', true],
  ['CHAIR', true],
  ['chair blue', false],
  ['lathe/form', true],
  ['0198c1', true],
  ['0198', false],
  ['', true],
])('searching for "%s"', (sought, found) => {
  expect(matches({ task_id: '0198c1a0-7', prompt: 'A réd chair', model: 'lathe/form' }, sought)).toBe(found)
})

test('addresses hold what they are given, and nothing else', () => {
  expect(addressOf('/generate/{task_id}', { task_id: 'a/b' })).toBe('/generate/a%2Fb')
  expect(addressOf('/generate', {}, { status: ['queued', 'running'], cursor: null, limit: 3 })).toBe(
    '/generate?status=queued&status=running&limit=3',
  )
})

test('partitions are summed by reader and topic', () => {
  const reader = { projection: 'read', topic: 'lathe.accounts', partition: 0, position: 5, end: 6, behind: 1, parked: 0 }
  const rows = byTopic([reader, { ...reader, partition: 1, behind: 2 }, { ...reader, topic: 'lathe.runs' }])
  expect(rows.map(({ topic, partitions, behind }) => [topic, partitions, behind])).toEqual([
    ['lathe.accounts', 2, 3],
    ['lathe.runs', 1, 1],
  ])
})

test('a moment tells who and how much', () => {
  const told = { task_id: 't1', seq: 1, status: 'queued', time: '', actor: 'user' } as const
  expect(costsOf({ ...told, type: 'requested', reserved: 2 })).toEqual([{ kind: 'reserved', amount: 2 }])
  expect(costsOf({ ...told, type: 'cancelled', charged: 0.5, released: 1.5 })).toEqual([
    { kind: 'charged', amount: 0.5 },
    { kind: 'returned', amount: 1.5 },
  ])
  expect(costsOf({ ...told, type: 'failed', charged: 0, released: 2 })).toEqual([{ kind: 'returned', amount: 2 }])
  expect(costsOf({ ...told, type: 'started' })).toEqual([])
  expect([whoOf(told), whoOf({ actor: 'service/scheduler' }), whoOf({ actor: 'service/elsewhere' })]).toEqual([
    'you',
    'the scheduler',
    'elsewhere',
  ])
})
