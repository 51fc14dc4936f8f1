import { useSyncExternalStore } from 'react'
import { fetchPart } from '../app/newVersion.ts'
import type { Catalogue, Key } from './catalogue.ts'
import { en } from './en.ts'

export type { Key } from './catalogue.ts'
type Values = Readonly<Record<string, string | number>>

/** A new language is a new file like en.ts and a line in each of these. English comes with the page, others when wanted. */
export const LANGUAGES = { en: 'English', ru: 'Русский' } as const
export type Language = keyof typeof LANGUAGES
const catalogues: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: async () => en,
  ru: async () => (await fetchPart(() => import('./ru.ts'))).ru,
}

const CHOSEN = 'lathe.language'
const listeners = new Set<() => void>()
let spoken: Language = 'en'
let catalogue: Catalogue = en
let plurals = new Intl.PluralRules(spoken)

const isLanguage = (tag: string): tag is Language => tag in LANGUAGES

export const language = (): Language => spoken

/** The language that was chosen on this machine before, else the first of the browser's that is known, else English. */
export function preferred(): Language {
  const chosen = globalThis.localStorage?.getItem(CHOSEN) ?? ''
  const tags = [chosen, ...(globalThis.navigator?.languages ?? [])].map((tag) => tag.split('-')[0]!.toLowerCase())
  return tags.find(isLanguage) ?? 'en'
}

/** Speaks `wanted` from now on. */
export async function speak(wanted: Language): Promise<void> {
  catalogue = await catalogues[wanted]()
  spoken = wanted
  plurals = new Intl.PluralRules(wanted)
  if (globalThis.document !== undefined) document.documentElement.lang = wanted
  for (const listener of listeners) listener()
}

/** As `speak`, and remembered for the next visit. */
export async function choose(wanted: Language): Promise<void> {
  await speak(wanted)
  localStorage.setItem(CHOSEN, wanted)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useLanguage = (): Language => useSyncExternalStore(subscribe, language)

/** The text of `key`; `values.n` chooses the plural form. */
export function t(key: Key, values: Values = {}): string {
  const entry = catalogue[key]
  const text = typeof entry === 'string' ? entry : (entry[plurals.select(Number(values['n'] ?? 0))] ?? entry.other)
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    return typeof value === 'number' ? number(value) : (value ?? '')
  })
}

/** The text of a key that is made from data, or `otherwise` when there is none. */
export const tOr = (key: string, otherwise: string, values: Values = {}): string =>
  key in catalogue ? t(key as Key, values) : otherwise

export const number = (value: number, digits = 6): string =>
  new Intl.NumberFormat(spoken, { maximumFractionDigits: digits }).format(value)

export const percent = (fraction: number): string =>
  new Intl.NumberFormat(spoken, { style: 'percent', maximumFractionDigits: 0 }).format(Math.floor(fraction * 100) / 100)

export const credits = (value: number): string => t('credits.amount', { n: value })

/** `+1`, `−2`: with a sign, for a ledger. */
export const signed = (value: number): string =>
  new Intl.NumberFormat(spoken, { maximumFractionDigits: 6, signDisplay: 'exceptZero' }).format(value)

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  const value = bytes / 1000 ** power
  return new Intl.NumberFormat(spoken, {
    style: 'unit',
    unit: UNITS[power]!,
    unitDisplay: 'short',
    maximumFractionDigits: value < 10 && power > 0 ? 1 : 0,
  }).format(value)
}

export const clock = (time: string): string =>
  new Intl.DateTimeFormat(spoken, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(time))

export const day = (time: string): string =>
  new Intl.DateTimeFormat(spoken, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time))

const SPANS = [['second', 60], ['minute', 60], ['hour', 24], ['day', Number.POSITIVE_INFINITY]] as const

/** `5 seconds ago`. A time that has not come yet, by a clock that goes otherwise, is now. */
export function ago(time: string): string {
  let passed = Math.max(0, (Date.now() - Date.parse(time)) / 1000)
  for (const [unit, many] of SPANS) {
    if (passed < many) return new Intl.RelativeTimeFormat(spoken, { numeric: 'auto' }).format(-Math.floor(passed), unit)
    passed /= many
  }
  return day(time)
}

/** `side_table` → `Side table`: for words of engines that the catalogue does not know. */
export function readable(code: string): string {
  const words = code.replace(/[_-]+/g, ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** A word of an engine, such as a family, a part or a material, in the person's language where it is known. */
export const word = (code: string): string => tOr(`word.${code.toLowerCase()}`, readable(code))
