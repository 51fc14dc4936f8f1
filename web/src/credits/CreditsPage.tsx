import { isTerminal, type Task } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { useTitle } from '../app/useTitle.ts'
import { Gate } from '../auth/Gate.tsx'
import { useProfile } from '../auth/useSession.ts'
import { credits, day, number, t } from '../i18n/index.ts'
import { useTasks } from '../mine/useTasks.ts'
import { nameOf } from '../task/name.ts'
import { Failure } from '../ui/Notice.tsx'
import { Status } from '../ui/Status.tsx'

export function CreditsPage() {
  useTitle(t('nav.credits'))
  return (
    <Gate title={t('auth.gate')}>
      <Ledger />
    </Gate>
  )
}

function Ledger() {
  const profile = useProfile()
  const { tasks, isPending, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useTasks()
  const spent = tasks.reduce((sum, task) => sum + task.charged, 0)
  return (
    <div className="page">
      <h1>{t('credits.title')}</h1>
      <dl className="amounts">
        <Amount label={t('credits.free')} value={profile?.balance} main />
        <Amount label={t('credits.reserved')} value={profile?.reserved} />
        <Amount label={t('credits.spent')} value={isPending ? undefined : spent} />
      </dl>
      <p className="hint">{t('credits.how')}</p>
      <section className="section" aria-labelledby="history-title">
        <h2 id="history-title">{t('credits.history')}</h2>
        {error !== null && <Failure failure={error} onRetry={() => void refetch()} />}
        {!isPending && error === null && tasks.length === 0 && <p className="lead">{t('credits.none')}</p>}
        {tasks.length > 0 && (
          <table className="ledger">
            <thead>
              <tr>
                <th scope="col">{t('credits.task')}</th>
                <th scope="col">{t('credits.when')}</th>
                <th scope="col">{t('credits.state')}</th>
                <th scope="col" className="ledger-cost">
                  {t('credits.cost')}
                </th>
              </tr>
            </thead>
            <tbody>
              {tasks.map((task) => (
                <Row key={task.task_id} task={task} />
              ))}
            </tbody>
          </table>
        )}
        {hasNextPage && (
          <div className="more">
            <button type="button" className="button" aria-disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              {t('mine.more')}
            </button>
          </div>
        )}
      </section>
    </div>
  )
}

const Amount = ({ label, value, main = false }: { label: string; value: number | undefined; main?: boolean }) => (
  <div className={main ? 'amount amount-main' : 'amount'}>
    <dt>{label}</dt>
    <dd>{value === undefined ? '–' : number(value)}</dd>
  </div>
)

function Row({ task }: { task: Task }) {
  const cost = isTerminal(task.status) ? credits(task.charged) : t('credits.held', { amount: credits(task.reserved) })
  return (
    <tr>
      <th scope="row">
        <Link href={`/tasks/${task.task_id}`}>{nameOf(task)}</Link>
      </th>
      <td>{task.created_at && <time dateTime={task.created_at}>{day(task.created_at)}</time>}</td>
      <td>
        <Status status={task.status} />
      </td>
      <td className="ledger-cost">{cost}</td>
    </tr>
  )
}
