import { useQuery } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import type { Result, Task } from '../api/types.ts'
import { useSignedIn } from '../auth/useSession.ts'
import { useFile } from '../ui/useFile.ts'

export type Side = { task: Task | undefined; result: Result | undefined; src: string | undefined; failure: unknown; again: () => void }

/** One of the two results that are compared. */
export function useSide(id: string | null): Side {
  const enabled = useSignedIn() && id !== null
  const task = useQuery({ queryKey: ['task', id], queryFn: () => lathe.task(id!), enabled })
  const result = useQuery({
    queryKey: ['task', id, 'result'],
    queryFn: () => lathe.result(id!),
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const model = useFile(result.data?.outputs.find((output) => output.format === 'glb')?.url)
  const again = (): void => {
    if (task.error) void task.refetch()
    if (result.error) void result.refetch()
    if (model.failure) model.again()
  }
  const failure = task.error ?? result.error ?? model.failure
  return { task: task.data, result: result.data, src: model.src, failure, again }
}
