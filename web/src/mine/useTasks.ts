import { useInfiniteQuery } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import { isTerminal } from '../api/types.ts'
import { useSignedIn } from '../auth/useSession.ts'

const PAGE = 24

/** The account's tasks, newest first, page by page; looked up again as long as one of them is at work. */
export function useTasks(status?: string) {
  const query = useInfiniteQuery({
    queryKey: ['tasks', 'all', status ?? ''],
    queryFn: ({ pageParam }) => lathe.tasks(pageParam, PAGE, status),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled: useSignedIn(),
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some((task) => !isTerminal(task.status))) ? 2500 : false,
  })
  return { ...query, tasks: query.data?.pages.flatMap((page) => page.items) ?? [], total: query.data?.pages[0]?.total ?? 0 }
}
