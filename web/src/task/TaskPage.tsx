import { useQuery } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import { Problem } from '../api/problem.ts'
import { isTerminal } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { useTitle } from '../app/useTitle.ts'
import { Gate } from '../auth/Gate.tsx'
import { percent, t } from '../i18n/index.ts'
import { Failure } from '../ui/Notice.tsx'
import { Announcer } from './Announcer.tsx'
import { Asked } from './Asked.tsx'
import { Curl } from './Curl.tsx'
import { Downloads, DownloadsAhead } from './Downloads.tsx'
import { nameOf } from './name.ts'
import { Report } from './Report.tsx'
import { Stage } from './Stage.tsx'
import { StageStrip } from './StageStrip.tsx'
import { TaskActions } from './TaskActions.tsx'
import { TaskHead } from './TaskHead.tsx'
import { Timeline } from './Timeline.tsx'
import { Understood } from './Understood.tsx'
import { useTask } from './useTask.ts'

export function TaskPage({ id }: { id: string }) {
  return (
    <Gate title={t('auth.gate')}>
      <TaskView id={id} />
    </Gate>
  )
}

function TaskView({ id }: { id: string }) {
  const { task, events, connection, failure, reload } = useTask(id)
  const completed = task?.status === 'completed'
  const { data: result, error: noResult, refetch } = useQuery({
    queryKey: ['task', id, 'result'],
    queryFn: () => lathe.result(id),
    enabled: completed,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const working = task !== undefined && !isTerminal(task.status)
  const title = task ? nameOf(task) : ''
  useTitle(working ? `${percent(task.progress)} ${title}` : title)

  if (task === undefined) {
    if (failure === null) return <Waiting />
    return (
      <div className="page blank">
        {failure instanceof Problem && failure.status === 404 ? (
          <>
            <h1>{t('task.none')}</h1>
            <p className="lead">{t('app.missing.hint')}</p>
          </>
        ) : (
          <Failure failure={failure} onRetry={reload} />
        )}
        <Link className="button" href="/mine">
          {t('mine.title')}
        </Link>
      </div>
    )
  }
  return (
    <div className="page task-page">
      <TaskHead task={task} />
      <Announcer task={task} />
      <div className="task-main">
        <Stage task={task} result={result} noResult={noResult} reload={() => void refetch()} />
        {failure !== null && <Failure failure={failure} onRetry={reload} />}
        {working && <StageStrip task={task} events={events} lost={connection === 'lost'} />}
        <TaskActions task={task} />
      </div>
      <div className="task-side">
        {result && <Downloads task={task} result={result} />}
        {(working || (completed && result === undefined && noResult === null)) && <DownloadsAhead task={task} />}
        {result && <Report report={result.report} />}
        {result && <Understood task={task} result={result} />}
        {!working && !completed && <Asked task={task} />}
      </div>
      <div className="task-below">
        <Timeline task={task} events={events} />
        {(working || completed) && <Asked task={task} />}
        <Curl task={task} />
      </div>
    </div>
  )
}

/** The page's shape while its task is fetched, so that nothing jumps when it comes. */
const Waiting = () => (
  <div className="page task-page" aria-busy="true">
    <div className="task-head">
      <h1 className="bone">{t('app.loading')}</h1>
    </div>
    <div className="task-main">
      <div className="stage stage-floor" />
    </div>
    <div className="task-side">
      <div className="panel bone bone-panel" />
    </div>
  </div>
)
