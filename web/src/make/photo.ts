import { size, t } from '../i18n/index.ts'

const TYPES = ['image/png', 'image/jpeg', 'image/webp']
const MOST_BYTES = 20_000_000

export const ACCEPTED = TYPES.join(',')

/** Why the page will not even send this file; the server looks at its content. */
export function refusalOf(file: File): string | null {
  if (!TYPES.includes(file.type)) return t('make.photo.type')
  if (file.size > MOST_BYTES) return t('make.photo.large', { size: size(file.size), limit: size(MOST_BYTES) })
  return null
}

/** Which of `files` become photos: every one that can be read, or of a `single` one the first. */
export function chooseFrom(files: File[], single: boolean): { taken: File[]; why: string | null; leftOut: boolean } {
  const readable = files.filter((file) => refusalOf(file) === null)
  const taken = single ? readable.slice(0, 1) : readable
  const why = files.map(refusalOf).find((one) => one !== null) ?? null
  return { taken, why, leftOut: taken.length < readable.length }
}

/** The pictures among what was dropped; when there is none, the first file, to be told what is wrong with it. */
export function photosIn(transfer: DataTransfer | null): File[] {
  const files = [...(transfer?.files ?? [])]
  const pictures = files.filter((file) => file.type.startsWith('image/'))
  return pictures.length > 0 ? pictures : files.slice(0, 1)
}
