const pictures = import.meta.glob<string>('./examples/*.webp', { eager: true, query: '?url', import: 'default' })

const PROMPTS: [name: string, prompt: string][] = [
  ['chair', 'a red wooden chair with four legs'],
  ['mug', 'a blue mug'],
  ['table', 'a round oak table'],
  ['vase', 'a tall white vase'],
  ['lamp', 'a brass table lamp'],
  ['bookshelf', 'a walnut bookshelf with five shelves'],
]

export const EXAMPLES = PROMPTS.map(([name, prompt]) => ({ prompt, picture: pictures[`./examples/${name}.webp`] }))
