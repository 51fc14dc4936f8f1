import type { Task, TaskEvent } from '../api/types.ts'
import { clock, credits, number, readable, t, tOr } from '../i18n/index.ts'
import { StageStrip } from './StageStrip.tsx'

/** The task's life: who did what, when, and what it cost. */
export function Timeline({ task, events }: { task: Task; events: readonly TaskEvent[] }) {
  const first = events[0]
  return (
    <section className="panel" aria-labelledby="timeline-title">
      <h2 id="timeline-title">{t('timeline.title')}</h2>
      {task.status === 'completed' && <StageStrip task={task} events={events} />}
      <ol className="timeline">
        {events.map((event) => {
          const after = first && (Date.parse(event.time) - Date.parse(first.time)) / 1000
          return (
            <li key={event.seq} className={`moment moment-${event.status}`}>
              <time dateTime={event.time} title={event.time}>
                {clock(event.time)}
              </time>
              <span>{wordsOf(event)}</span>
              {after ? <span className="faint">{t('timeline.took', { n: number(after, 1) })}</span> : null}
            </li>
          )
        })}
      </ol>
    </section>
  )
}

function wordsOf(event: TaskEvent): string {
  const amount = credits((event.type === 'requested' ? event.reserved : event.charged) ?? 0)
  return tOr(`timeline.${event.type}`, readable(event.type), { amount, n: event.attempt ?? 1 })
}
