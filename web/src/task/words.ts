const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** The prompt less some of its words, tidied: "a comfy, red chair" without "comfy" is "a red chair". */
export function withoutWords(prompt: string, words: readonly string[]): string {
  let rest = prompt
  for (const word of words) {
    rest = rest.replace(new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}(?![\\p{L}\\p{N}])`, 'giu'), ' ')
  }
  return rest
    .replace(/\s+([,.;])/g, '$1')
    .replace(/(^|\s)(a|an|the)?\s*,\s*/giu, '$1$2 ')
    .replace(/[,;]\s*$/, '')
    .replace(/\s+/g, ' ')
    .trim()
}
