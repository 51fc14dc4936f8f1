import { useIsMutating, useMutation } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import { isPassing, LoginDismissed } from '../api/problem.ts'
import type { Task } from '../api/types.ts'
import { queries, refresh } from '../app/queries.ts'
import { navigate } from '../app/router.tsx'
import { lookAtPrices, usePrice } from '../make/useEngines.ts'

/** `limit` is the price that the person saw. */
type Attempt = { key: string; limit: number }
export type Again = (task: Task, { key, limit }: Attempt) => Promise<lathe.Made>

/** Those under way and those of unknown outcome, by what they are for. They outlive the page that they were sent from. */
const attempts = new Map<string, Attempt>()

/**
 * Makes a new task out of `task` by `again` for no more than `price`, and goes to it unless the person has gone elsewhere.
 * After a failure of unknown outcome the same is sent, so that pressing again makes it at most once.
 */
export function useAgain(task: Task, what: 'anew' | 'without', again: Again) {
  const price = usePrice(task)
  const name = `${what} ${task.task_id}`
  const mutationKey = ['again', name]
  const busy = useIsMutating({ mutationKey }) > 0
  const { mutate, error } = useMutation({
    mutationKey,
    mutationFn: () => {
      const attempt = attempts.get(name) ?? { key: lathe.newKey(), limit: price }
      attempts.set(name, attempt)
      return again(task, attempt)
    },
    onSuccess: (made) => {
      attempts.delete(name)
      void refresh(['profile'])
      void refresh(['tasks'])
      if (location.pathname === `/tasks/${task.task_id}`) navigate(`/tasks/${made.task_id}`)
    },
    onError: (failure) => {
      if (!isPassing(failure)) attempts.delete(name)
      lookAtPrices(failure)
    },
  })
  const press = (): void => {
    if (queries.isMutating({ mutationKey }) === 0) mutate()
  }
  return { press, busy, price, failure: error instanceof LoginDismissed ? null : error }
}

/** As it was when it did not come to an end; with another seed when it did. */
export const anew: Again = ({ task_id, status }, { key, limit: max_credits }) =>
  status === 'completed'
    ? lathe.fork(task_id, { params: { seed: null }, max_credits }, key)
    : lathe.retry(task_id, { max_credits }, key)
