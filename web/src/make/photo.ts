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

export const photoIn = (transfer: DataTransfer | null): File | undefined =>
  [...(transfer?.files ?? [])].find((file) => file.type.startsWith('image/')) ?? transfer?.files[0]
