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

/** The pictures among what was dropped; when there is none, the first file, to be told what is wrong with it. */
export function photosIn(transfer: DataTransfer | null): File[] {
  const files = [...(transfer?.files ?? [])]
  const pictures = files.filter((file) => file.type.startsWith('image/'))
  return pictures.length > 0 ? pictures : files.slice(0, 1)
}
