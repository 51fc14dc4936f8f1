import type { en } from './en.ts'

/** A text that depends on a number: its plural forms (CLDR categories); `other` serves where one is missing. */
export type Forms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>

export type Key = keyof typeof en
export type Catalogue = Readonly<Record<Key, string | Forms>>
