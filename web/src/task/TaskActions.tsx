import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import * as lathe from '../api/lathe.ts'
import { isPassing } from '../api/problem.ts'
import { isTerminal, type Task, type TaskOrder } from '../api/types.ts'
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
  const completed = task.status === 'completed'

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
        title={t(completed ? 'task.another.hint' : 'task.again.hint')}
        aria-disabled={again.isPending}
        onClick={() => again.isPending || again.mutate()}
      >
        <Icon name="again" />
        {t(completed ? 'task.another' : 'task.again')}
        {task.price !== undefined && <span className="faint">{credits(task.price)}</span>}
      </button>
      {again.error && <Failure failure={again.error} />}
    </div>
  )
}

/**
 * Makes the task anew: as it was when it did not come to an end, with another seed when it did. After a failure of
 * unknown outcome the key is kept, so it happens at most once.
 */
function useAgain(task: Task) {
  const cache = useQueryClient()
  const key = useRef<string | null>(null)
  return useMutation({
    mutationFn: () => {
      key.current ??= lathe.newKey()
      return task.status === 'completed' ? lathe.create(orderOf(task), key.current) : lathe.retry(task.task_id, key.current)
    },
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

/** What was asked for, to ask for it again; without a seed the server takes a new one. */
export function orderOf(task: Task): TaskOrder {
  const { seed: _, ...params } = task.params
  const photo = task.inputs?.[0]?.file_id
  return { ...(photo ? { image_file_id: photo } : { prompt: task.prompt ?? '' }), model: task.model, params }
}

/** Back to the Make page with the task's words and settings, ready to be changed. */
export function editWords(task: Task, prompt = task.prompt ?? ''): void {
  changeDraft({ prompt, photo: null, engine: task.model, params: task.params })
  navigate('/')
}
