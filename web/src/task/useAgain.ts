import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import * as lathe from '../api/lathe.ts'
import { isPassing, LoginDismissed } from '../api/problem.ts'
import type { Task } from '../api/types.ts'
import { refresh } from '../app/queries.ts'
import { navigate } from '../app/router.tsx'

/**
 * Makes a new task out of `task` by `order` and goes to it. After a failure of unknown outcome the key is kept, so that
 * pressing again makes it at most once.
 */
export function useAgain(order: (key: string) => Promise<lathe.Made>) {
  const key = useRef<string | null>(null)
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => order((key.current ??= lathe.newKey())),
    onSuccess: (made) => {
      key.current = null
      void refresh(['profile'])
      void refresh(['tasks'])
      navigate(`/tasks/${made.task_id}`)
    },
    onError: (failure) => {
      if (!isPassing(failure)) key.current = null
    },
  })
  const press = (): void => {
    if (!isPending) mutate()
  }
  return { press, busy: isPending, failure: error instanceof LoginDismissed ? null : error }
}

/** As it was when it did not come to an end; with another seed when it did. */
export const anew = (task: Task, key: string): Promise<lathe.Made> =>
  task.status === 'completed'
    ? lathe.fork(task.task_id, { params: { seed: null } }, key)
    : lathe.retry(task.task_id, key)
