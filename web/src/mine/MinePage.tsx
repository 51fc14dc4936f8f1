import { useState } from 'react'
import { navigate } from '../app/router.tsx'
import { useTitle } from '../app/useTitle.ts'
import { Gate } from '../auth/Gate.tsx'
import { t } from '../i18n/index.ts'
import { changeDraft } from '../make/draft.ts'
import { Examples } from '../make/Examples.tsx'
import { Failure } from '../ui/Notice.tsx'
import { TaskCard } from './TaskCard.tsx'
import { useTasks } from './useTasks.ts'

const FILTERS = ['all', 'completed', 'running', 'queued', 'failed', 'cancelled'] as const
type Filter = (typeof FILTERS)[number]

export function MinePage() {
  useTitle(t('nav.mine'))
  return (
    <Gate title={t('auth.gate')}>
      <Gallery />
    </Gate>
  )
}

function Gallery() {
  const [filter, setFilter] = useState<Filter>('all')
  const { tasks, total, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useTasks(
    filter === 'all' ? undefined : filter,
  )
  const empty = !isPending && error === null && tasks.length === 0
  return (
    <div className="page">
      <div className="section-head">
        <h1>{t('mine.title')}</h1>
        <fieldset className="segments filters">
          <legend className="visually-hidden">{t('mine.filter')}</legend>
          {FILTERS.map((one) => (
            <label key={one} className="segment">
              <input type="radio" name="filter" checked={one === filter} onChange={() => setFilter(one)} />
              <span>{one === 'all' ? t('mine.all') : t(`status.${one}`)}</span>
            </label>
          ))}
        </fieldset>
      </div>
      {error !== null && <Failure failure={error} onRetry={() => void refetch()} />}
      {empty && filter !== 'all' && <p className="lead">{t('mine.none')}</p>}
      {empty && filter === 'all' && <Empty />}
      {isPending && (
        <ul className="cards" aria-busy="true" aria-label={t('app.loading')}>
          {Array.from({ length: 8 }, (_, index) => (
            <li key={index} className="task-card task-card-blank">
              <span className="stage-floor task-picture" />
            </li>
          ))}
        </ul>
      )}
      <ul className="cards">
        {tasks.map((task) => (
          <TaskCard key={task.task_id} task={task} />
        ))}
      </ul>
      {tasks.length > 0 && (
        <div className="more">
          <p className="faint" role="status">
            {t('mine.count', { n: total })}
          </p>
          {hasNextPage && (
            <button type="button" className="button" aria-disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              {t('mine.more')}
            </button>
          )}
        </div>
      )}
    </div>
  )
}

function Empty() {
  const choose = (prompt: string): void => {
    changeDraft({ prompt, photo: null })
    navigate('/')
  }
  return (
    <section className="empty">
      <h2>{t('mine.empty')}</h2>
      <p className="lead">{t('mine.empty.hint')}</p>
      <Examples onChoose={choose} />
    </section>
  )
}
