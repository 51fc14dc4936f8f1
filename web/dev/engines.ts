import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Engine = {
  model: string
  version: string
  title: string
  kinds: string[]
  params_schema: { properties: object; [keyword: string]: unknown }
  price: number
  typical_seconds: number
}

const builtin = JSON.parse(readFileSync(join(import.meta.dirname, '../../domain/catalog/builtin.json'), 'utf8')) as Engine[]

/** Takes photos of several sides, and has a parameter for every control that the page can draw. */
const views: Engine = {
  model: 'mock/views',
  version: '0.1.0',
  title: 'Views: from photos of several sides',
  kinds: ['text', 'images'],
  params_schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      formats: { type: 'array', items: { enum: ['glb', 'obj', 'stl', 'fbx', '3mf', 'usdz', 'webp'] }, minItems: 1, default: ['glb'] },
      smooth: { type: 'boolean', default: true, title: 'Smooth seams' },
      steps: { type: 'integer', minimum: 1, maximum: 50, default: 20 },
      finish: { enum: ['#b3261e', '#2b55c4', '#18723f', '#d9a441'], default: '#b3261e', title: 'Finish' },
      backdrop: { type: 'string', format: 'color', examples: ['#ffffff', '#222222'] },
      lens: { enum: ['18 mm', '24 mm', '28 mm', '35 mm', '50 mm', '85 mm', '135 mm'], default: '35 mm', title: 'Lens' },
      margin: { type: 'number', minimum: 0, description: 'Room around the object, in metres.' },
      note: { type: 'string', maxLength: 80 },
      crop: { type: 'object', description: 'Corners of the part that counts.' },
    },
  },
  price: 3_000_000,
  typical_seconds: 20,
}

export const engines: Engine[] = [...builtin, views]

/** As GET /generate/models tells them, with prices in credits. */
export const catalog = () =>
  engines.map(({ model, ...rest }) => ({ id: model, ...rest, price: rest.price / 1e6, retired: false }))
