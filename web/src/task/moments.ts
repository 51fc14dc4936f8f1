import type { TaskEvent } from '../api/types.ts'
import { t, tOr } from '../i18n/index.ts'

/** `user`, `service/ml_worker`, `system`: who did it, in a person's words. */
export function whoOf({ actor }: Pick<TaskEvent, 'actor'>): string {
  const [kind, name] = actor.split('/')
  if (kind === 'user') return t('who.you')
  return tOr(`who.${name ?? kind}`, t('who.service', { name: name ?? actor }))
}

/** What an event did to the account's credits; null when nothing. */
export function costOf({ type, reserved, charged, released }: TaskEvent): { kind: 'reserved' | 'charged' | 'returned'; amount: number } | null {
  if (type === 'requested') return { kind: 'reserved', amount: reserved ?? 0 }
  if (charged !== undefined && charged > 0) return { kind: 'charged', amount: charged }
  if (released !== undefined && released > 0) return { kind: 'returned', amount: released }
  return null
}
