import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import config from '../vite.config.ts'

const api = join(import.meta.dirname, '../src/api')

test("Vite's own server passes on every path that the page asks for", () => {
  const sources = readdirSync(api).filter((name) => name !== 'schema.ts').map((name) => readFileSync(join(api, name), 'utf8'))
  const asked = sources.flatMap((source) => [...source.matchAll(/[(,] ?['`](\/[a-z][\w./-]*)/g)].map(([, path]) => path!))
  const passed = Object.keys((config as { server: { proxy: object } }).server.proxy)
  expect(asked.length).toBeGreaterThan(10)
  expect(asked.filter((path) => passed.every((prefix) => !path.startsWith(prefix)))).toEqual([])
})
