import type { TaskEvent } from '../api/types.ts'
import { t, tOr } from '../i18n/index.ts'

/** `user`, `service/ml_worker`, `system`: who did it, in a person's words. */
export function whoOf({ actor }: Pick<TaskEvent, 'actor'>): string {
  const [kind, name] = actor.split('/')
  if (kind === 'user') return t('who.you')
  return tOr(`who.${name ?? kind}`, t('who.service', { name: name ?? actor }))
}

type Cost = { kind: 'reserved' | 'charged' | 'returned'; amount: number }

/** What an event did to the account's credits. */
export function costsOf({ type, reserved = 0, charged = 0, released = 0 }: TaskEvent): Cost[] {
  if (type === 'requested') return [{ kind: 'reserved', amount: reserved }]
  const costs: Cost[] = [
    { kind: 'charged', amount: charged },
    { kind: 'returned', amount: released },
  ]
  return costs.filter(({ amount }) => amount > 0)
}
