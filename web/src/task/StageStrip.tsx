import { isTerminal, type Task, type TaskEvent } from '../api/types.ts'
import { number, percent as inPercent, t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { doing, STEPS, secondsBySteps, stepOf } from './stages.ts'

type StripProps = { task: Task; events: readonly TaskEvent[]; lost?: boolean }

/** Where the task is: queue → form → surface → texture → files, with the seconds that each step took. */
export function StageStrip({ task, events, lost = false }: StripProps) {
  const ended = isTerminal(task.status)
  const now = STEPS.indexOf(stepOf(task.status, task.stage))
  const done = task.status === 'completed' ? STEPS.length : now
  const seconds = secondsBySteps(task, events)
  const percent = Math.floor(task.progress * 100)
  return (
    <div className="strip" data-lost={lost}>
      {!ended && (
        <div className="strip-now">
          <strong>{doing(task)}</strong>
          <span className="faint">{waitText(task)}</span>
          <span className="strip-percent">{inPercent(task.progress)}</span>
        </div>
      )}
      {!ended && (
        <div
          className="bar"
          role="progressbar"
          aria-label={t('task.progress')}
          aria-valuenow={percent}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuetext={t('task.percent', { n: percent })}
        >
          <svg className="bar-fill" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
            <rect width={percent} height="1" />
          </svg>
        </div>
      )}
      <ol className="steps">
        {STEPS.map((step, index) => {
          const state = index < done ? 'done' : index === now && !ended ? 'now' : 'ahead'
          const took = seconds[step]
          return (
            <li key={step} className={`step step-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
              <span className="step-dot">{state === 'done' && <Icon name="check" size={12} />}</span>
              <span className="step-name">{t(`stage.${step}`)}</span>
              {took !== undefined && done === STEPS.length && (
                <span className="step-time">{t('stage.seconds', { n: number(took, 1) })}</span>
              )}
            </li>
          )
        })}
      </ol>
      <p className="strip-lost" role="status">
        {lost && (
          <>
            <Icon name="warning" size={16} />
            {t('task.lost')}
          </>
        )}
      </p>
    </div>
  )
}

function waitText(task: Task): string {
  const words: string[] = []
  if (task.status === 'queued' && task.queue_position) {
    words.push(task.queue_position === 1 ? t('stage.next') : t('stage.place', { n: task.queue_position }))
  }
  if (task.eta_s && task.eta_s >= 1) words.push(t('stage.eta', { seconds: Math.round(task.eta_s) }))
  if (task.attempt > 1) words.push(t('stage.attempt', { n: task.attempt }))
  return words.join(' · ')
}
