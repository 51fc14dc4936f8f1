import type { Key } from '../i18n/index.ts'
import { t } from '../i18n/index.ts'

const FIGURE = String.raw`([\d.e+-]+)`
const sentence = (text: string): RegExp => new RegExp(`^${text.replace(/[.]/g, '\\.').replaceAll('#', FIGURE)}$`)

/** What engines and the mesh report say in sentences, `#` for a figure, each with the names of its figures. */
const KNOWN: readonly (readonly [Key, RegExp, ...string[]])[] = [
  ['hint.bed', sentence('Larger than a common # mm print bed: print it at # % or in parts.'), 'bed', 'share'],
  ['hint.wall', sentence('The thinnest wall is # mm; a # mm nozzle needs # mm.'), 'wall', 'nozzle', 'least'],
  ['hint.wall.scaled', sentence('The thinnest wall is # mm at that scale; a # mm nozzle needs # mm.'), 'wall', 'nozzle', 'least'],
  ['hint.bodies', sentence('It has # separate bodies; each must stand by itself or be joined.'), 'n'],
  ['hint.overhang', sentence('# % of its surface hangs over: print with supports.'), 'share'],
  ['hint.base', sentence('It has hardly any flat base: use a brim or a raft.')],
  ['repair.empty', sentence('Needs repair: it has no faces.')],
  ['repair.infinite', sentence('Needs repair: it has corners that are not finite.')],
  ['repair.flat', sentence('Needs repair: it has faces without area.')],
  ['repair.volume', sentence('Needs repair: its volume is not positive.')],
  ['repair.edge', sentence('Needs repair: an edge has more than two faces.')],
  ['repair.open', sentence('Needs repair: it is not watertight.')],
  ['repair.point', sentence('Needs repair: two parts touch in a single point.')],
  ['note.one', sentence('No number was given, so there is one.')],
  ['note.width', sentence('The width came out as # m, not # m.'), 'got', 'asked'],
  ['note.height', sentence('The height came out as # m, not # m.'), 'got', 'asked'],
  ['note.depth', sentence('The depth came out as # m, not # m.'), 'got', 'asked'],
  ['note.round top', sentence('On # legs its top is round.'), 'n'],
  ['note.oval top', sentence('On # legs its top is oval.'), 'n'],
  ['note.round seat', sentence('On # legs its seat is round.'), 'n'],
  ['ignored.pieces', sentence('# smaller pieces? of the photo'), 'n'],
]

type Known = { key: Key; figures: Record<string, number> }

/** What a sentence of the service says, by its name in the catalogue; null when the page does not know it. */
export function recognized(said: string): Known | null {
  for (const [key, pattern, ...names] of KNOWN) {
    const found = pattern.exec(said)
    if (found) return { key, figures: Object.fromEntries(names.map((name, at) => [name, Number(found[at + 1])])) }
  }
  return null
}

/** A sentence of the service in the person's language; null when the page does not know it. */
export function translated(said: string): string | null {
  const known = recognized(said)
  return known && t(known.key, known.figures)
}
