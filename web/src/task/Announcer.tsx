import { isTerminal, type Task } from '../api/types.ts'
import { t } from '../i18n/index.ts'
import { doing } from './stages.ts'

/** Tells a screen reader each new step and each quarter of the way, and no more than that. */
export function Announcer({ task }: { task: Task }) {
  return (
    <p className="visually-hidden" role="status">
      {wordsOf(task)}
    </p>
  )
}

function wordsOf(task: Task): string {
  const { status, progress } = task
  if (status === 'completed') return t('task.done')
  if (isTerminal(status) || status === 'cancelling') return t(`status.${status}`)
  return `${doing(task)}. ${t('task.percent', { n: Math.floor(progress * 4) * 25 })}`
}
