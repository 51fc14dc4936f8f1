import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Task, TaskEvent } from '../src/api/types.ts'
import { speak } from '../src/i18n/index.ts'
import { scaleOf } from '../src/make/params/scale.ts'
import { curlOf } from '../src/task/curlOf.ts'
import { fileName } from '../src/task/name.ts'
import { printOf, sizeOf } from '../src/task/Report.tsx'
import { translated } from '../src/task/sentences.ts'
import { doing, secondsBySteps, stageAfter, stepOf } from '../src/task/stages.ts'
import { withoutWords } from '../src/task/words.ts'
import { spoken } from '../src/viewer/spoken.ts'

const time = '2026-01-01T00:00:00Z'

const task = (more: Partial<Task> = {}): Task => ({
  task_id: 't1',
  seq: 3,
  kind: 'generate',
  status: 'completed',
  progress: 1,
  stage: null,
  message: null,
  queue_position: null,
  eta_s: null,
  attempt: 1,
  model: 'lathe/form',
  model_version: '1.0.0',
  prompt: 'a red chair',
  inputs: [],
  params: {},
  seed: 7,
  priority: 0,
  deadline: null,
  parent: null,
  price: 1,
  reserved: 0,
  charged: 1,
  timings: {},
  problem: null,
  reason: null,
  preview_url: null,
  created_at: time,
  started_at: time,
  ended_at: time,
  updated_at: time,
  ...more,
})

test('who waits for a worker that is not there is told so', () => {
  const waiting = { status: 'queued', stage: 'queued', message: 'Place 1 in the queue' } as const
  expect(doing(waiting)).toBe('Waiting for a free worker')
  expect(doing({ ...waiting, message: 'No worker can run lathe/form at present' })).toBe(
    'Waiting for a worker with this engine: none is there right now',
  )
})

const event = (more: Partial<TaskEvent>): TaskEvent => ({
  task_id: 't1',
  seq: 1,
  type: 'requested',
  status: 'queued',
  time,
  actor: 'user',
  ...more,
})

test.each([
  ['a comfy, red chair', ['comfy'], 'a red chair'],
  ['a comfy red chair', ['Comfy'], 'a red chair'],
  ['a comfy oak chair', ['comfy'], 'an oak chair'],
  ['a red chair, shiny', ['shiny'], 'a red chair'],
  ['a shin shiny chair', ['shin'], 'a shiny chair'],
  ['ein schöner Stuhl', ['schöner'], 'ein Stuhl'],
  ['c++ chair (new)', ['(new)', 'c++'], 'chair'],
  ['a chair, comfy, red', ['comfy'], 'a chair, red'],
  ['a chair with four legs and a frobnicated sparkly aura', ['frobnicated', 'sparkly', 'aura'], 'a chair with four legs'],
  ['a chair with a frob and an aura.', ['frob', 'aura'], 'a chair'],
  ['a comfy chair with the light on', ['comfy'], 'a chair with the light on'],
  ['a chair with long red dragons and black legs', ['long red dragons'], 'a chair with black legs'],
  ['a table with a frob, 75 cm high', ['frob'], null],
  ['an aura', ['aura'], null],
  ['a chair', [], null],
])('%s without %s', (prompt, words, rest) => {
  expect(withoutWords(prompt, words)).toBe(rest)
})

/** As lathe/form tells them. */
test.each([
  ['a low-poly tree', ['low poly'], 'a tree'],
  ['an oak table for 6-8 people', ['for 6 8 people'], 'an oak table'],
  ["an 80's lamp", ['80 s'], 'a lamp'],
  ['a chair from the 1950s', ['from the 1950 s'], 'a chair'],
  ['a car for my son’s birthday', ["for my son's birthday"], 'a car'],
  ['a big red car with go-faster stripes', ['go faster stripes'], 'a big red car'],
  ['a mid-century modern chair', ['mid', 'century', 'modern'], 'a chair'],
  ['a steampunk/cyberpunk lamp', ['steampunk', 'cyberpunk'], 'a lamp'],
  ['a red chair (vintage)', ['vintage'], 'a red chair'],
  ['a bookshelf (modern, minimalist) with 4 shelves', ['modern', 'minimalist'], 'a bookshelf with 4 shelves'],
  ['a two-tone mug', ['two'], 'a mug'],
  ['a chair, 4k, ultra-detailed', ['4 k', 'ultra'], 'a chair'],
  ['a chair for $100', ['for 100'], 'a chair'],
  ['a modern chair with modern legs', ['modern', 'modern'], 'a chair with legs'],
])('what the engine passed over of %s is found, whatever marks stood between', (prompt, words, rest) => {
  expect(withoutWords(prompt, words)).toBe(rest)
})

test.each([
  ['a ½ melted vase', ['1/2 melted'], []],
  ['a table 5x faster', ['faster', '5'], []],
  ['a hand-made, hand-painted chair', ['hand'], []],
  ['a three-legged-ish stool', ['ish'], ['legged']],
  ['a red-and-frob chair', ['frob'], ['red']],
  ['a frob-chair with red legs', ['frob'], ['chair', 'red leg', 'legs']],
  ['a red & frob chair', ['frob'], ['red']],
  ['a chair with red legs and thin arms', ['thin'], ['red leg', 'legs', 'arms']],
  ['a car with four 18-inch wheels', ['18 inch wheels'], []],
  ['a chair with a frob and armrests', ['frob'], ['armrests']],
])('%s is not offered without %s: it cannot be told apart, or no sentence is left', (prompt, words, used) => {
  expect(withoutWords(prompt, words, used)).toBeNull()
})

test('a prompt as long as there may be is cut at once', () => {
  expect(withoutWords(`${'and, '.repeat(390)}frob x`, ['frob'])).toBe(`${'and, '.repeat(390)}x`)
  expect(withoutWords(`chair ${'a '.repeat(980)}frob`, ['frob'])).toBe('chair')
})

afterEach(() => speak('en'))

test('the stages of every engine belong to one of the five steps', () => {
  expect(stepOf('queued', 'field')).toBe('queued')
  expect(['understand', 'field', 'surface', 'texture', 'files', 'preview'].map((stage) => stepOf('running', stage))).toEqual([
    'field',
    'field',
    'surface',
    'texture',
    'files',
    'files',
  ])
  expect(stepOf('running', null)).toBe('field')
})

test('every stage that the worker and its engines tell is known to the page', () => {
  const sources = readdirSync(engines, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.py'))
  const told = sources.flatMap((path) => quoted(path, /(?:\bprogress\(|told\.at\(|_progress\.(?:tell|finish)\(|_stage = )"([a-z]+)"/g))
  expect([...new Set(told)]).toEqual(
    expect.arrayContaining(['prepare', 'understand', 'photo', 'remote', 'field', 'surface', 'texture', 'files', 'preview', 'upload']),
  )
  for (const stage of told) expect(stageAfter('surface', stage), stage).toBe(stage)
})

test('the strip goes on to its end, and a stage that the page does not know leaves it where it is', () => {
  const run = ['prepare', 'understand', 'field', 'polish', 'surface', 'texture', 'bless', 'files', 'preview', 'ship', 'upload']
  let stage: string | null = null
  const steps = run.map((told) => stepOf('running', (stage = stageAfter(stage, told))))
  expect(steps).toEqual([...Array(4).fill('field'), 'surface', 'texture', 'texture', ...Array(4).fill('files')])
  expect(stepOf('running', stageAfter(null, 'something-new'))).toBe('field')
})

test('seconds by step come from the metrics of the last event and from the timings', () => {
  const events: TaskEvent[] = [
    event({}),
    event({ seq: 2, type: 'completed', status: 'completed', metrics: { field_s: 0.5, understand_s: 0.1, faces: 9 } }),
  ]
  const seconds = secondsBySteps(task({ timings: { queued_s: 2, total_s: 5 } }), events)
  expect(seconds.queued).toBe(2)
  expect(seconds.field).toBeCloseTo(0.6)
  expect(Object.keys(seconds)).toHaveLength(2)
})

test('the size is in centimetres, from the sides or from the corners', () => {
  expect(sizeOf({ size_mm: [450, 900, 450] })).toEqual([45, 90, 45])
  expect(sizeOf({ bounds_mm: [[-225, 0, -225], [225, 900, 225]] })).toEqual([45, 90, 45])
  expect(sizeOf({})).toBeNull()
})

test('the report tells how large it can be printed', async () => {
  const report = (size_mm: number[], hints: string[], printable = true) => printOf({ size_mm, printability: { printable, hints } })
  const bed = (share: string): string => `Larger than a common 220 mm print bed: print it at ${share} % or in parts.`
  expect(report([450, 900, 450], [bed('24')])).toEqual({
    size: 'Prints 22 cm tall',
    how: 'at 24 %: no more fits on a common 220 mm print bed, save in parts.',
  })
  // A share is rounded: what it makes is no longer than the bed.
  expect(report([10_000, 2000, 900], [bed('2.3')])?.size).toBe('Prints 22 cm long')
  expect(report([84, 92, 120], [])).toEqual({ size: 'Prints 12 cm long', how: 'in its real size.' })
  expect(report([84, 92, 120], ['Needs repair: it is not watertight.'], false)).toBeNull()
  expect(printOf({ size_mm: [84, 92, 120] })).toBeNull()
  await speak('ru')
  expect(report([84, 96, 12], [])?.size).toBe('Печатается высотой 9,6 см')
})

const engines = join(import.meta.dirname, '../../ml_worker')
const quoted = (path: string, pattern: RegExp): string[] =>
  [...readFileSync(join(engines, path), 'utf8').matchAll(pattern)].map(([, text]) => text!)

/** What the service may say in sentences, with a figure in every place. */
function sentences(): string[] {
  const hints = quoted('mesh/report.py', /hints\.append\(\s*f?"(.*?)"/g)
  const faults = quoted('mesh/gate.py', /(?:return \[|found\.append\()"(.*?)"/g)
  const notes = quoted('engines/form/understand.py', /notes\.append\("([A-Z].*?)"/g)
  expect([hints.length > 4, faults.length > 5, notes.length > 0]).toEqual([true, true, true])
  return [
    ...hints.flatMap((text) => (text.includes('{at}') ? [text.replace('{at}', ''), text.replace('{at}', ' at that scale')] : [text])),
    ...faults.map((fault) => `Needs repair: ${fault}.`),
    ...notes,
    '1 smaller piece of the photo',
    '3 smaller pieces of the photo',
  ].map((text) => text.replace(/\{[^}]*\}/g, '2.4'))
}

test('sentences of the service are told in the language of the person, and in English as they are', async () => {
  for (const said of sentences()) expect(translated(said)).toBe(said)
  await speak('ru')
  for (const said of sentences()) expect(translated(said), said).toMatch(/^[^a-z]+$/)
  expect(translated('31 % of its surface hangs over: print with supports.')).toBe('Нависает 31 % поверхности: печатайте с поддержками.')
  expect(translated('Needs repair: a hole.')).toBeNull()
})

test('the command line survives quotes in the prompt', () => {
  const command = curlOf(task({ prompt: `a "king's" chair`, seed: 7 }), 'http://localhost:8080')
  expect(command).toContain(String.raw`{"prompt":"a \"king'\''s\" chair","model":"lathe/form","params":{"seed":7}}`)
  expect(command).not.toMatch(/eyJ/)
})

test('downloads are named after the words', () => {
  expect(fileName(task({ prompt: '  A "red" chair/../x ' }), '.glb')).toBe('a-red-chair-x.glb')
  expect(fileName(task({ prompt: '???' }), '.glb')).toBe('model.glb')
})

test.each([
  [500, 200_000, true],
  [0, 10, true],
  [0.1, 2, false],
])('a slider from %d to %d reaches both ends and every value comes back to its step', (low, high, whole) => {
  const scale = scaleOf(low, high, whole)
  expect(scale.toValue(0)).toBe(low)
  expect(scale.toValue(scale.steps)).toBe(high)
  for (let step = 1; step <= scale.steps; step += 1) {
    expect(scale.toValue(step)).toBeGreaterThan(scale.toValue(step - 1))
    expect(scale.toStep(scale.toValue(step))).toBe(step)
  }
})

test('a viewer says in the language of the person from where its model is seen, and how to turn it', async () => {
  const controls = join(import.meta.dirname, '../node_modules/@google/model-viewer/lib/features/controls.js')
  const [sides, heights] = ['AZIMUTHAL_QUADRANT_LABELS', 'POLAR_TRIENT_LABELS'].map((name) => {
    const [, list] = new RegExp(`^const ${name} = \\[(.*)\\];$`, 'm').exec(readFileSync(controls, 'utf8'))!
    return list!.split(', ').map((label) => label.slice(1, -1))
  })
  const asked = heights!.flatMap((height) => sides!.map((side) => height + side))
  expect(asked).toContain('upper-front')
  const said = (): Record<string, string> => JSON.parse(spoken()) as Record<string, string>
  expect(Object.keys(said()).toSorted()).toEqual([...asked, 'interaction-prompt'].toSorted())
  expect(said()['lower-back']).toBe('Seen from behind, from below')
  await speak('ru')
  for (const text of Object.values(said())) expect(text).toMatch(/^[^a-z]+$/i)
})
