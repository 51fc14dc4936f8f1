import type { Task, TaskEvent } from '../api/types.ts'
import { clock, credits, day, number, readable, t, tOr } from '../i18n/index.ts'
import { costsOf, whoOf } from './moments.ts'
import { StageStrip } from './StageStrip.tsx'

/** The task's life: what happened, who did it, when, and what it cost. */
export function Timeline({ task, events }: { task: Task; events: readonly TaskEvent[] }) {
  const first = events[0]
  return (
    <section className="panel" aria-labelledby="timeline-title">
      <h2 id="timeline-title">{t('timeline.title')}</h2>
      {task.status === 'completed' && <StageStrip task={task} events={events} />}
      <ol className="timeline">
        {events.map((event) => {
          const after = first && (Date.parse(event.time) - Date.parse(first.time)) / 1000
          const costs = costsOf(event).map(({ kind, amount }) => t(`timeline.${kind}`, { amount: credits(amount) }))
          return (
            <li key={event.seq} className={`moment moment-${event.status}`}>
              <span className="moment-what">
                {tOr(`timeline.${event.type}`, readable(event.type), { n: event.attempt ?? 1 })}
              </span>
              {costs.length > 0 && <span className="moment-cost">{costs.join(', ')}</span>}
              <span className="moment-when faint">
                <time dateTime={event.time} title={day(event.time)}>
                  {clock(event.time)}
                </time>
                <span>{whoOf(event)}</span>
                {after ? <span>{t('timeline.took', { n: number(after, 1) })}</span> : null}
              </span>
            </li>
          )
        })}
      </ol>
    </section>
  )
}
