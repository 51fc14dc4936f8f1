import type { Key } from '../i18n/index.ts'
import { t } from '../i18n/index.ts'

const FIGURE = String.raw`([\d.e+-]+)`
const sentence = (text: string): RegExp => new RegExp(`^${text.replace(/[.]/g, '\\.').replaceAll('#', FIGURE)}$`)

/** The sentences of ml_worker/mesh/report.py, `#` for a figure, each with the names of its figures. */
const KNOWN: readonly (readonly [Key, RegExp, ...string[]])[] = [
  ['hint.bed', sentence('Larger than a common # mm print bed: print it at # % or in parts.'), 'bed', 'share'],
  ['hint.wall', sentence('The thinnest wall is # mm; a # mm nozzle needs # mm.'), 'wall', 'nozzle', 'least'],
  ['hint.wall.scaled', sentence('The thinnest wall is # mm at that scale; a # mm nozzle needs # mm.'), 'wall', 'nozzle', 'least'],
  ['hint.bodies', sentence('It has # separate bodies; each must stand by itself or be joined.'), 'n'],
  ['hint.overhang', sentence('# % of its surface hangs over: print with supports.'), 'share'],
  ['hint.base', sentence('It has hardly any flat base: use a brim or a raft.')],
]

/** A piece of advice for printing in the person's language; one that is not known stays as the engine said it. */
export function hint(said: string): string {
  for (const [key, pattern, ...names] of KNOWN) {
    const found = pattern.exec(said)
    if (found) return t(key, Object.fromEntries(names.map((name, at) => [name, Number(found[at + 1])])))
  }
  return said
}
