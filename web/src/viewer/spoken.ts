import { t } from '../i18n/index.ts'

const SIDES = ['front', 'right', 'back', 'left'] as const

/** What a viewer says to a screen reader: how to turn it, and from where it is seen. For the attribute `a11y`. */
export function spoken(): string {
  const texts: Record<string, string> = { 'interaction-prompt': t('viewer.turn') }
  for (const name of SIDES) {
    const side = t(`viewer.seen.${name}`)
    texts[name] = side
    texts[`upper-${name}`] = t('viewer.seen.above', { side })
    texts[`lower-${name}`] = t('viewer.seen.below', { side })
  }
  return JSON.stringify(texts)
}
