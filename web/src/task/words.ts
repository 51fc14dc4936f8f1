const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Where a word was. */
const GAP = '\0'
/** A gap at the end, with what led to it: ", and a". */
const LOOSE_END = /(?:[\s,;]*(?:(?<!\p{L})(?:and|with|on|in|a|an|the)\s+)*\0)+[\s,;.]*$/iu

/** The prompt less some of its words, tidied: "a comfy, red chair" without "comfy" is "a red chair". */
export function withoutWords(prompt: string, words: readonly string[]): string {
  let rest = prompt
  for (const word of words) {
    rest = rest.replace(new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}(?![\\p{L}\\p{N}])`, 'giu'), GAP)
  }
  return rest
    .replace(LOOSE_END, '')
    .replaceAll(GAP, ' ')
    .replace(/\s+([,.;])/g, '$1')
    .replace(/([,;])[,;]+/g, '$1')
    .replace(/(^|\s)(a|an|the)?\s*,\s*/giu, '$1$2 ')
    .replace(/[,;]\s*$/, '')
    .replace(/\s+/g, ' ')
    .trim()
}
