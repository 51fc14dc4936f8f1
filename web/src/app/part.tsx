import { useQuery } from '@tanstack/react-query'
import type { ComponentType, ReactNode } from 'react'
import { NoAnswer } from '../api/problem.ts'
import { Failure } from '../ui/Notice.tsx'
import { fetchPart } from './newVersion.ts'

/**
 * A component of a file of its own, fetched when it is first shown; `place` is the class of the box where it says that
 * it cannot be had, until it can.
 */
export function part<Props extends object>(
  name: string,
  load: () => Promise<{ default: ComponentType<Props> }>,
  place: string,
): ComponentType<Props & { waiting: ReactNode }> {
  return function Part({ waiting, ...props }) {
    const { data, error, refetch } = useQuery({
      queryKey: ['part', name],
      queryFn: () => fetchPart(load),
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: Number.POSITIVE_INFINITY,
      retry: false,
      refetchOnReconnect: true,
      throwOnError: (failure) => !(failure instanceof NoAnswer),
    })
    if (data !== undefined) return <data.default {...(props as unknown as Props)} />
    if (error === null) return waiting
    return (
      <div className={place}>
        <Failure failure={error} onRetry={() => void refetch()} />
      </div>
    )
  }
}
