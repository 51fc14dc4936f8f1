import { expect, test } from 'vitest'
import { chooseFrom } from '../src/make/photo.ts'

const png = (name: string): File => new File(['photo'], name, { type: 'image/png' })
const [front, left, text] = [png('front.png'), png('left.png'), new File(['words'], 'a.txt', { type: 'text/plain' })]

test.each([
  { files: [front], single: true, taken: [front], leftOut: false },
  { files: [front, left], single: true, taken: [front], leftOut: true },
  { files: [text, front], single: true, taken: [front], leftOut: false },
  { files: [front, left], single: false, taken: [front, left], leftOut: false },
  { files: [text], single: true, taken: [], leftOut: false },
])('of $files.length files, single: $single', ({ files, single, taken, leftOut }) => {
  const chosen = chooseFrom(files, single)
  expect(chosen.taken).toEqual(taken)
  expect(chosen.leftOut).toBe(leftOut)
  expect(chosen.why !== null).toBe(files.includes(text))
})
