import { useQuery } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import { isTerminal } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { useSignedIn } from '../auth/useSession.ts'
import { t } from '../i18n/index.ts'
import { TaskCard } from '../mine/TaskCard.tsx'
import { useFreshBalance } from '../mine/useTasks.ts'

const COUNT = 6

/** The last few tasks, so that the queue and the history are always in reach. */
export function Latest() {
  const enabled = useSignedIn()
  const { data } = useQuery({
    queryKey: ['tasks', 'latest'],
    queryFn: () => lathe.tasks(null, COUNT),
    enabled,
    refetchInterval: ({ state }) => (state.data?.items.some((task) => !isTerminal(task.status)) ? 2000 : false),
  })
  useFreshBalance(data?.items ?? [])
  if (!enabled || data === undefined || data.items.length === 0) return null
  return (
    <section className="section" aria-labelledby="latest-title">
      <div className="section-head">
        <h2 id="latest-title">{t('make.latest')}</h2>
        <Link href="/mine">{t('make.latest.all')}</Link>
      </div>
      <ul className="cards cards-row">
        {data.items.map((task) => (
          <TaskCard key={task.task_id} task={task} />
        ))}
      </ul>
    </section>
  )
}
