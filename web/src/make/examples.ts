const pictures = import.meta.glob<string>('./examples/*.webp', { eager: true, query: '?url', import: 'default' })

const PROMPTS: [name: string, prompt: string][] = [
  ['chair', 'a red wooden chair with four legs'],
  ['mug', 'a blue mug'],
  ['table', 'a round oak table'],
  ['vase', 'a ribbed turquoise vase with three flowers'],
  ['car', 'a yellow taxi'],
  ['house', 'a brick house with a green roof'],
]

export const EXAMPLES = PROMPTS.map(([name, prompt]) => ({ prompt, picture: pictures[`./examples/${name}.webp`] }))
