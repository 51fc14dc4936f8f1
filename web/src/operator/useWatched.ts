import { useQuery } from '@tanstack/react-query'
import * as operator from '../api/operator.ts'

/** An operator looks at this while it changes: it is asked for again every few seconds. */
const EVERY_MS = 3000

export const useLag = () => useQuery({ queryKey: ['operator', 'lag'], queryFn: operator.lag, refetchInterval: EVERY_MS })
export const useQueue = () => useQuery({ queryKey: ['operator', 'queue'], queryFn: operator.queue, refetchInterval: EVERY_MS })
export const useWorkers = () =>
  useQuery({ queryKey: ['operator', 'workers'], queryFn: operator.workers, refetchInterval: EVERY_MS })
export const useRebuilds = () =>
  useQuery({ queryKey: ['operator', 'rebuilds'], queryFn: operator.rebuilds, refetchInterval: EVERY_MS })
export const useDeadLetters = () =>
  useQuery({ queryKey: ['operator', 'letters'], queryFn: () => operator.deadLetters(null), refetchInterval: EVERY_MS })
