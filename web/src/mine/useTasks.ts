import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import * as lathe from '../api/lathe.ts'
import { isTerminal, type Task, type TaskStatus } from '../api/types.ts'
import { refresh } from '../app/queries.ts'
import { useSignedIn } from '../auth/useSession.ts'

export const PAGE = 24
/** The most that the server gives at once: for looking through everything. */
export const LARGEST_PAGE = 100

/** The account's tasks, newest first, page by page; looked up again as long as one of them is at work. */
export function useTasks(status: TaskStatus[] = [], size = PAGE) {
  const query = useInfiniteQuery({
    queryKey: ['tasks', 'all', status.join(), size],
    queryFn: ({ pageParam }) => lathe.tasks(pageParam, size, status),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled: useSignedIn(),
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some((task) => !isTerminal(task.status))) ? 2500 : false,
  })
  const tasks = query.data?.pages.flatMap((page) => page.items) ?? []
  useFreshBalance(tasks)
  return { ...query, tasks, total: query.data?.pages[0]?.total ?? 0 }
}

/** A task that ends charges or gives back: the balance is looked up anew when one of `tasks` is no longer at work. */
export function useFreshBalance(tasks: readonly Task[]): void {
  const atWork = tasks.filter((task) => !isTerminal(task.status)).map((task) => task.task_id).join()
  useEffect(() => {
    if (atWork !== '') return () => void refresh(['profile'])
  }, [atWork])
}
