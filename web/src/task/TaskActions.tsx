import { useMutation, useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import * as lathe from '../api/lathe.ts'
import { isTerminal, type Task } from '../api/types.ts'
import { refresh } from '../app/queries.ts'
import { Link, navigate } from '../app/router.tsx'
import { credits, t } from '../i18n/index.ts'
import { forkDraft } from '../make/draft.ts'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'
import { anew, useAgain } from './useAgain.ts'

/** Cancel while it works; afterwards make it again, as it is or changed, or hold it against another. */
export const TaskActions = ({ task }: { task: Task }) => (
  <div className="actions" tabIndex={-1}>
    {isTerminal(task.status) ? <After task={task} /> : <During task={task} />}
  </div>
)

function During({ task }: { task: Task }) {
  const cancel = useMutation({
    mutationFn: () => lathe.cancel(task.task_id),
    onSettled: () => refresh(['task', task.task_id], true),
  })
  const stopping = cancel.isPending || task.status === 'cancelling'
  const cost = useId()
  return (
    <>
      <button
        type="button"
        className="button"
        aria-disabled={stopping}
        aria-describedby={cost}
        onClick={() => stopping || cancel.mutate()}
      >
        <Icon name="close" />
        {t(stopping ? 'task.cancelling' : 'task.cancel')}
      </button>
      <p id={cost} className="hint">
        {t(task.status === 'queued' ? 'task.cancel.queued' : 'task.cancel.running')}
      </p>
      {cancel.error && <Failure failure={cancel.error} />}
    </>
  )
}

function After({ task }: { task: Task }) {
  const again = useAgain(task, 'anew', anew)
  const completed = task.status === 'completed'
  const change = (): void => {
    forkDraft(task)
    navigate('/')
  }
  return (
    <>
      <button type="button" className="button" title={t('task.change.hint')} onClick={change}>
        <Icon name="fork" />
        {t('task.change')}
      </button>
      <button
        type="button"
        className="button"
        title={t(completed ? 'task.another.hint' : 'task.again.hint')}
        aria-disabled={again.busy}
        onClick={again.press}
      >
        <Icon name="again" />
        {t(completed ? 'task.another' : 'task.again')}
        <span className="faint">{credits(again.price)}</span>
      </button>
      {completed && <Compare task={task} />}
      {again.failure && <Failure failure={again.failure} />}
    </>
  )
}

/** With the task that it was made from, if that has a result too; else the person chooses. */
function Compare({ task: { task_id, parent } }: { task: Task }) {
  const earlier = useQuery({ queryKey: ['task', parent], queryFn: () => lathe.task(parent!), enabled: parent !== null })
  if (earlier.isLoading) return null
  const hasResult = earlier.data?.status === 'completed'
  return (
    <Link className="button" href={`/tasks/${task_id}/compare${hasResult ? `/${parent}` : ''}`}>
      <Icon name="compare" />
      {t(hasResult ? 'task.compare.parent' : 'task.compare')}
    </Link>
  )
}
