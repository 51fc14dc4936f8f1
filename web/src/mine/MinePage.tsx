import { useDeferredValue, useEffect, useId, useState } from 'react'
import type { TaskStatus } from '../api/types.ts'
import { navigate } from '../app/router.tsx'
import { useTitle } from '../app/useTitle.ts'
import { Gate } from '../auth/Gate.tsx'
import { t } from '../i18n/index.ts'
import { beginDraft } from '../make/draft.ts'
import { Examples } from '../make/Examples.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'
import { OnSight } from '../ui/OnSight.tsx'
import { matches } from './matches.ts'
import { TaskCard } from './TaskCard.tsx'
import { LARGEST_PAGE, PAGE, useTasks } from './useTasks.ts'

const FILTERS = {
  all: [],
  completed: ['completed'],
  working: ['queued', 'running', 'cancelling'],
  failed: ['failed'],
  cancelled: ['cancelled'],
} as const satisfies Record<string, readonly TaskStatus[]>
type Filter = keyof typeof FILTERS

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
  const [typed, setTyped] = useState('')
  const sought = useDeferredValue(typed.trim())
  const { tasks, total, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useTasks(
    [...FILTERS[filter]],
    sought === '' ? PAGE : LARGEST_PAGE,
  )
  const found = tasks.filter((task) => matches(task, sought))
  const more = (): void => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }
  // Prompts are encrypted on the server, which so cannot look into them: the page looks through all tasks itself.
  useEffect(() => {
    if (sought !== '' && error === null) more()
  })
  const searching = sought !== '' && hasNextPage && error === null
  const empty = !isPending && error === null && found.length === 0 && !searching

  return (
    <div className="page mine">
      <div className="section-head">
        <h1>{t('mine.title')}</h1>
        <Search value={typed} onChange={setTyped} />
        <fieldset className="segments filters">
          <legend className="visually-hidden">{t('mine.filter')}</legend>
          {(Object.keys(FILTERS) as Filter[]).map((one) => (
            <label key={one} className="segment">
              <input type="radio" name="filter" checked={one === filter} onChange={() => setFilter(one)} />
              <span>{t(`mine.filter.${one}`)}</span>
            </label>
          ))}
        </fieldset>
      </div>
      {error !== null && <Failure failure={error} onRetry={() => void refetch()} />}
      {empty && (filter !== 'all' || sought !== '') && <p className="lead">{t('mine.none')}</p>}
      {empty && filter === 'all' && sought === '' && <Empty />}
      {isPending && <Bones />}
      <ul className="cards" aria-busy={isPending || isFetchingNextPage}>
        {found.map((task) => (
          <TaskCard key={task.task_id} task={task} />
        ))}
      </ul>
      {tasks.length > 0 && (
        <div className="more">
          <p className="faint" role="status">
            {sought === '' ? t('mine.count', { n: total }) : t('mine.found', { n: found.length, among: tasks.length })}
          </p>
          {hasNextPage && sought === '' && (
            <>
              <OnSight onSight={more} />
              <button type="button" className="button" aria-disabled={isFetchingNextPage} onClick={more}>
                {t('mine.more')}
              </button>
            </>
          )}
        </div>
      )}
    </div>
  )
}

function Search({ value, onChange }: { value: string; onChange: (typed: string) => void }) {
  const id = useId()
  return (
    <div className="search" role="search">
      <label className="visually-hidden" htmlFor={id}>
        {t('mine.search')}
      </label>
      <Icon name="search" />
      <input id={id} type="search" value={value} placeholder={t('mine.search')} onChange={({ target }) => onChange(target.value)} />
    </div>
  )
}

const Bones = () => (
  <ul className="cards" aria-busy="true" aria-label={t('app.loading')}>
    {Array.from({ length: 8 }, (_, index) => (
      <li key={index} className="task-card task-card-blank">
        <span className="stage-floor task-picture" />
      </li>
    ))}
  </ul>
)

function Empty() {
  const choose = (prompt: string): void => {
    beginDraft(prompt)
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
