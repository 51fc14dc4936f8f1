import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import * as operator from '../api/operator.ts'

/** An operator looks at this while it changes: it is asked for again every few seconds. */
const EVERY_MS = 3000

export const useLag = () => useQuery({ queryKey: ['operator', 'lag'], queryFn: operator.lag, refetchInterval: EVERY_MS })
export const useQueue = () => useQuery({ queryKey: ['operator', 'queue'], queryFn: operator.queue, refetchInterval: EVERY_MS })
export const useWorkers = () =>
  useQuery({ queryKey: ['operator', 'workers'], queryFn: operator.workers, refetchInterval: EVERY_MS })
export const useRebuilds = () =>
  useQuery({ queryKey: ['operator', 'rebuilds'], queryFn: operator.rebuilds, refetchInterval: EVERY_MS })

/** The records that are the cause, page by page; what waits behind each is told with its details. */
export function useDeadLetters() {
  const query = useInfiniteQuery({
    queryKey: ['operator', 'letters'],
    queryFn: ({ pageParam }) => operator.deadLetters(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: EVERY_MS,
  })
  return { ...query, letters: query.data?.pages.flatMap((page) => page.items) ?? [], total: query.data?.pages[0]?.total }
}

export const useDeadLetter = (id: string, enabled = true) =>
  useQuery({
    queryKey: ['operator', 'letter', id],
    queryFn: () => operator.deadLetter(id),
    refetchInterval: EVERY_MS,
    enabled,
  })
