const anyOf = (words: string): string => String.raw`(?<!\p{L})(?:${words.replaceAll(' ', '|')})(?!\p{L})`
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Where words were. */
const GAP = '\0'
const ARTICLE = anyOf('a an the')
const LISTED = anyOf('and or')
/** Words that only lead to others. */
const LEAD = anyOf('a an the and or but with without of in on at by for from to as made which that is are has have having')
const COUNT = String.raw`(?:\p{N}|${anyOf('one two three four five six seven eight nine ten eleven twelve')})`
const JOINT = String.raw`[-‐‑–—_/&+*~]`
const LOOSE = String.raw`[\s,;]|${JOINT}|${LISTED}|${ARTICLE}`
/** Then comes a word that does more than lead. */
const NEXT = String.raw`\s*(?!${LEAD})[\p{L}\p{N}]`

/** Several gaps of one list: "comfy, cosy and mid-century". */
const ROW = new RegExp(`${GAP}(?:(?:${LOOSE})*${GAP})+`, 'giu')
const BRACKETED = new RegExp(String.raw`[([{"“«]\s*${GAP}\s*[)\]}"”»]`, 'gu')
const COMPOUND = new RegExp(String.raw`[\p{L}\p{N}${GAP}]+(?:[-‐‑–_][\p{L}\p{N}${GAP}]+)+`, 'gu')
/** A gap within a word, such as what is left of "two-tone". */
const TORN = new RegExp(String.raw`[^\s\p{L}\p{N},;:.!?([{]${GAP}|${GAP}[^\s\p{L}\p{N},;:.!?)\]}]`, 'u')
/** What was counted is gone: "with four 18-inch wheels". */
const COUNTED = new RegExp(String.raw`${COUNT}\s*${GAP}(?!${NEXT})`, 'iu')
/** A gap at the end, with what led to it: ", and a". */
const LOOSE_END = new RegExp(String.raw`(?:[\s,;]|${JOINT}|${LEAD}|${GAP})*${GAP}[\s,;.!?]*$`, 'iu')
/** "a comfy, red chair", "comfy and red chairs": what else is listed there describes the same. */
const FIRST = new RegExp(String.raw`^(\s*(?:${ARTICLE}\s+)?${GAP})\s*(?:[,;]|${LISTED})(?=${NEXT})`, 'iu')
/** "with dragons and black legs" */
const LED = new RegExp(String.raw`(${anyOf('with without of')}\s+${GAP})\s*[,;]?\s*${LISTED}(?=${NEXT})`, 'giu')
const BEFORE_GAP = new RegExp(String.raw`(?<!\p{L})(a)n?(?=\s+${GAP}\s*(\p{L}))`, 'giu')

const NUMBER = new RegExp(COUNT, 'iu')
const LIST_GOES_ON = new RegExp(String.raw`(?:${LISTED}|${JOINT})\s*$`, 'iu')
const LEADS_ON = new RegExp(String.raw`(?:^|${LEAD}|${JOINT})\s*$`, 'iu')
const BEGINS = new RegExp(`^${NEXT}`, 'iu')
const ENDS = new RegExp(String.raw`^\s*(?:[,;:.!?)\]}]|${LEAD})`, 'iu')

/**
 * The prompt less words that an engine passed over, tidied: "a comfy, red chair" without "comfy" is "a red chair". Null
 * when it cannot be told which ones they were, or what is left would be no sentence. `used`: what it did not pass over.
 */
export function withoutWords(prompt: string, words: readonly string[], used: readonly string[] = []): string | null {
  const told = words.filter((phrase) => phrase.trim() !== '').toSorted((one, other) => other.length - one.length)
  let rest = prompt.normalize()
  for (const phrase of new Set(told)) {
    const pieces = rest.split(typed(phrase))
    if (pieces.length - 1 !== told.filter((other) => other === phrase).length) return null
    rest = pieces.join(GAP)
  }
  rest = withoutCompounds(rest, used).replace(ROW, GAP).replace(BRACKETED, GAP).replace(ROW, GAP)
  if (TORN.test(rest) || COUNTED.test(rest)) return null
  rest = rest.replace(LOOSE_END, '').replace(FIRST, '$1').replace(LED, '$1')
  const pieces = rest.replace(BEFORE_GAP, articleFor).split(GAP)
  if (!pieces.slice(1).every((after, at) => isWhole(pieces[at]!, after))) return null
  const left = tidied(pieces.join(' '))
  return left === '' || left === tidied(prompt) ? null : left
}

/** A phrase as it may have been typed. An engine tells "6 8 people" of "6-8 people", and "1950 s" of "1950's". */
function typed(phrase: string): RegExp {
  const words = phrase.trim().split(/\s+/).map((one) => escaped(one).replace(/['’]/g, "['’]"))
  const joined = words.reduce((before, next) => {
    const mayTouch = /\p{N}$/u.test(before) !== /^\p{N}/u.test(next)
    return `${before}[\\s\\p{P}\\p{S}]${mayTouch ? '*' : '+'}${next}`
  })
  return new RegExp(String.raw`(?<![\p{L}\p{N}])${joined}(?![\p{L}\p{N}])`, 'giu')
}

/** Of a describing compound such as "two-tone" nothing stays, unless some of it was used. */
function withoutCompounds(rest: string, used: readonly string[]): string {
  const taken = new Set(used.flatMap((phrase) => phrase.toLowerCase().split(/\s+/)))
  return rest.replace(COMPOUND, (compound, at: number) => {
    const [before, after] = [rest.slice(0, at), rest.slice(at + compound.length).replaceAll(GAP, ' ')]
    const describes = BEGINS.test(after) || /[,;]\s*$/.test(before)
    const others = compound.split(/[^\p{L}\p{N}]+/u).filter(Boolean)
    const goes = others.every((one) => !taken.has(one.toLowerCase()) && !NUMBER.test(one))
    return compound.includes(GAP) && describes && goes ? GAP : compound
  })
}

/** Is it a sentence without what was in between? A describing word may go, and a whole phrase; not the noun of "and a …". */
const isWhole = (before: string, after: string): boolean =>
  BEGINS.test(after) ? !LIST_GOES_ON.test(before) : ENDS.test(after) && !LEADS_ON.test(before)

const articleFor = (_: string, a: string, next: string): string => (/[aeiou]/i.test(next) ? `${a}n` : a)

const tidied = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/ ([,;:.!?)\]}])/g, '$1')
    .replace(/([,;])(?: ?[,;])+/g, '$1')
    .replace(/([([{])[ ,;]+/g, '$1')
    .replace(/[,;]+([.)\]}])/g, '$1')
    .replace(/^[ ,;]+|[ ,;]+$/g, '')
