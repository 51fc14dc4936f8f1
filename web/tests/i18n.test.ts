import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Forms } from '../src/i18n/catalogue.ts'
import { en } from '../src/i18n/en.ts'
import { credits, LANGUAGES, language, signed, speak, t, tOr, word } from '../src/i18n/index.ts'
import { ru } from '../src/i18n/ru.ts'
import { Problem } from '../src/api/problem.ts'
import { wordsOf } from '../src/ui/Notice.tsx'

afterEach(() => speak('en'))

const textsOf = (entry: string | Forms): string[] => (typeof entry === 'string' ? [entry] : Object.values(entry))
const placesIn = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).toSorted()
const keys = (catalogue: object): string[] => Object.keys(catalogue).filter((key) => !/^(word|advice)\./.test(key))

test('both languages have the same texts', () => {
  expect(keys(ru).toSorted()).toEqual(keys(en).toSorted())
})

test('no text lost a value on the way into Russian', () => {
  for (const key of keys(en)) {
    const places = new Set(textsOf(en[key as keyof typeof en]).flatMap(placesIn))
    for (const text of textsOf(ru[key as keyof typeof en])) {
      if (typeof ru[key as keyof typeof en] === 'string') expect(new Set(placesIn(text)), key).toEqual(places)
    }
  }
})

test('what is counted has every plural form of its language', () => {
  const wanted = { en: ['one', 'other'], ru: ['few', 'many', 'one', 'other'] }
  for (const [tag, catalogue] of Object.entries({ en, ru })) {
    for (const [key, entry] of Object.entries(catalogue as Record<string, string | Forms>)) {
      if (typeof entry !== 'string') expect(Object.keys(entry).toSorted(), `${tag} ${key}`).toEqual(wanted[tag as 'en'])
    }
  }
})

test('what is advised when an engine refuses stands under a title of its own', () => {
  const refused = Object.keys(ru).filter((key) => key.startsWith('advice.'))
  expect(refused.length).toBeGreaterThan(0)
  for (const key of refused) expect(en).toHaveProperty([key.replace('advice.', 'problem.')])
})

test('whatever a task may fail of has a title, and no title is for what there is not', () => {
  const root = join(import.meta.dirname, '../..')
  const sources = ['ml_worker', 'domain', 'processors'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.py'))
      .map((path) => readFileSync(join(root, folder, path), 'utf8')),
  )
  const found = (pattern: RegExp): string[] => sources.flatMap((source) => [...source.matchAll(pattern)].map(([, text]) => text!))
  const named = found(/\b(?:Failed|Problem)\([^()]*\bcode=([A-Z_]+)/g)
  const codes = new Set([
    ...found(/\b(?:BadInput|Permanent|Retryable|Broke)\(\s*"([a-z-]+)"/g),
    ...found(/\b(?:Failed|Problem)\([^()]*\bcode="([a-z-]+)"/g),
    ...[...new Set(named)].flatMap((name) => found(new RegExp(`^${name}: Final = "([a-z-]+)"`, 'gm'))),
  ])
  expect([...codes]).toEqual(expect.arrayContaining(['deadline-passed', 'engine-error', 'lease-expired', 'worker-error', 'too-thin']))
  const titled = Object.keys(en).filter((key) => key.startsWith('problem.'))
  expect(titled.toSorted()).toEqual([...codes].map((code) => `problem.${code}`).toSorted())
})

test('who is refused is told what to do in their language, and in English what the server said', async () => {
  const known = readFileSync(join(import.meta.dirname, '../../adapters/http/explanations.py'), 'utf8')
  const codes = [...known.matchAll(/^ {4}"([a-z-]+)": Explanation/gm)].map(([, code]) => code!)
  expect(codes.length).toBeGreaterThan(30)
  expect([...codes, 'other']).toEqual(expect.arrayContaining(Object.keys(en).filter((key) => key.startsWith('remedy.')).map((key) => key.slice(7))))
  await speak('ru')
  for (const code of codes) {
    const { advice, said } = wordsOf(new Problem(400, { type: `/problems/${code}`, title: '', detail: 'No.' }))
    expect(advice, code).toMatch(/^[^a-z]*[.]$|PNG/)
    expect(said).toBe('No.')
  }
  const short = new Problem(402, { type: '/problems/insufficient-credits', title: '', detail: 'No.', price: 2, balance: 1 })
  expect(wordsOf(short).advice).toMatch(/^Цена: 2, а у вас 1\. Подождите/)
})

test('every text is used', () => {
  const sources = files('src').map((path) => readFileSync(path, 'utf8')).join('\n')
  const prefixes = [...sources.matchAll(/`([\w.-]+)\$\{/g)].map((match) => match[1]!)
  const isUsed = (key: string): boolean =>
    prefixes.some((prefix) => key.startsWith(prefix)) ||
    // Each catalogue has it once.
    sources.split(`'${key}'`).length - 1 > Object.keys(LANGUAGES).length
  expect(keys(en).filter((key) => !isUsed(key))).toEqual([])
})

function files(folder: string): string[] {
  return readdirSync(join(import.meta.dirname, '..', folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

test('Russian counts as Russians do', async () => {
  await speak('ru')
  expect([1, 2, 5, 11, 21, 0.5].map(credits)).toEqual([
    '1 кредит',
    '2 кредита',
    '5 кредитов',
    '11 кредитов',
    '21 кредит',
    '0,5 кредита',
  ])
  expect(word('chair')).toBe('Стул')
  expect(word('flux_capacitor')).toBe('Flux capacitor')
})

test('a language is spoken from the moment it is chosen', async () => {
  expect(t('nav.make')).toBe('Make')
  await speak('ru')
  expect([language(), t('nav.make')]).toEqual(['ru', 'Создать'])
  expect(Object.keys(LANGUAGES)).toEqual(['en', 'ru'])
})

test('texts made from data fall back to the data', () => {
  expect(tOr('param.nothing-of-the-kind', 'Corner radius')).toBe('Corner radius')
  expect([signed(-1), signed(0), signed(2.5)]).toEqual(['-1', '0', '+2.5'])
})
