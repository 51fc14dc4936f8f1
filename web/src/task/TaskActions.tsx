import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import * as lathe from '../api/lathe.ts'
import { isPassing } from '../api/problem.ts'
import { isTerminal, type Task } from '../api/types.ts'
import { navigate } from '../app/router.tsx'
import { credits, t } from '../i18n/index.ts'
import { changeDraft } from '../make/draft.ts'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'

/** Cancel while it works; afterwards make it again, or change the words first. */
export function TaskActions({ task }: { task: Task }) {
  const cache = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => lathe.cancel(task.task_id),
    onSettled: () => cache.invalidateQueries({ queryKey: ['task', task.task_id], exact: true }),
  })
  const again = useAgain(task)

  if (!isTerminal(task.status)) {
    const stopping = cancel.isPending || task.status === 'cancelling'
    return (
      <div className="actions">
        <button type="button" className="button" aria-disabled={stopping} onClick={() => stopping || cancel.mutate()}>
          <Icon name="close" />
          {t(stopping ? 'task.cancelling' : 'task.cancel')}
        </button>
        {cancel.error && <Failure failure={cancel.error} />}
      </div>
    )
  }
  return (
    <div className="actions">
      {task.prompt && (
        <button type="button" className="button" onClick={() => editWords(task)}>
          <Icon name="edit" />
          {t('task.edit')}
        </button>
      )}
      <button
        type="button"
        className="button"
        title={t('task.again.hint')}
        aria-disabled={again.isPending}
        onClick={() => again.isPending || again.mutate()}
      >
        <Icon name="again" />
        {t('task.again')}
        {task.price !== undefined && <span className="faint">{credits(task.price)}</span>}
      </button>
      {again.error && <Failure failure={again.error} />}
    </div>
  )
}

/** Retries the task as a new one. After a failure of unknown outcome the key is kept, so it happens at most once. */
function useAgain(task: Task) {
  const cache = useQueryClient()
  const key = useRef<string | null>(null)
  return useMutation({
    mutationFn: () => lathe.retry(task.task_id, (key.current ??= lathe.newKey())),
    onSuccess: (made) => {
      key.current = null
      void cache.invalidateQueries({ queryKey: ['profile'] })
      navigate(`/tasks/${made.task_id}`)
    },
    onError: (failure) => {
      if (!isPassing(failure)) key.current = null
    },
  })
}

/** Back to the Make page with the task's words and settings, ready to be changed. */
export function editWords(task: Task, prompt = task.prompt ?? ''): void {
  changeDraft({ prompt, photo: null, engine: task.model, params: task.params })
  navigate('/')
}
