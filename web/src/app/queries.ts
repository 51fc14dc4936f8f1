import { QueryClient, type QueryKey } from '@tanstack/react-query'
import { session } from '../api/lathe.ts'
import { isPassing } from '../api/problem.ts'

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, failure) => failures < 3 && isPassing(failure),
      // The server on this machine answers without any network: the browser's word on it is not asked.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

// What one person saw must not be there for the next, who begins with a page that never held it.
session.whenLeft(() => {
  queries.clear()
  if (session.account !== null) location.replace('/')
})

let before = session.state
session.subscribe(() => {
  if (session.state === 'active' && before !== 'active') void queries.invalidateQueries()
  before = session.state
})

/** What the server has changed is asked for again. An answer that is under way may be older; the very first would be kept. */
export async function refresh(queryKey: QueryKey, exact = false): Promise<void> {
  await queries.cancelQueries({ queryKey, exact })
  await queries.invalidateQueries({ queryKey, exact })
}
