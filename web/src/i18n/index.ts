import { en } from './en.ts'

type Forms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>
type Catalogue = Readonly<Record<keyof typeof en, string | Forms>>

export type Key = keyof typeof en
type Values = Readonly<Record<string, string | number>>

/** A new language is a new file like en.ts and one line here. */
const catalogues: Readonly<Record<string, Catalogue>> = { en }

export const locale: string =
  (globalThis.navigator?.languages ?? []).map((tag) => tag.split('-')[0]!.toLowerCase()).find((tag) => tag in catalogues) ?? 'en'

const catalogue: Catalogue = catalogues[locale] ?? en
const plurals = new Intl.PluralRules(locale)

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
  new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value)

export const credits = (value: number): string => t('credits.amount', { n: value })

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  const value = bytes / 1000 ** power
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[power]!,
    unitDisplay: 'short',
    maximumFractionDigits: value < 10 && power > 0 ? 1 : 0,
  }).format(value)
}

export const clock = (time: string): string =>
  new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(time))

export const day = (time: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time))

/** `side_table` → `Side table`: for words of engines that the catalogue does not know. */
export function readable(code: string): string {
  const words = code.replace(/[_-]+/g, ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
