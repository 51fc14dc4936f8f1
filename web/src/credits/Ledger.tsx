import { useQuery } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import type { Transaction } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { credits, day, number, signed, t } from '../i18n/index.ts'
import { nameOf } from '../task/name.ts'

/** Every movement of the account, newest first, with the balance after it. */
export function Ledger({ rows }: { rows: Transaction[] }) {
  const nameFor = useNames()
  return (
    <table className="ledger">
      <thead>
        <tr>
          <th scope="col">{t('credits.what')}</th>
          <th scope="col">{t('credits.when')}</th>
          <th scope="col" className="ledger-number">
            {t('credits.movement')}
          </th>
          <th scope="col" className="ledger-number">
            {t('credits.after')}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <th scope="row">
              <span>{t(`ledger.${row.type}`)}</span>
              {row.task_id && <Link href={`/tasks/${row.task_id}`}>{nameFor(row.task_id)}</Link>}
              {row.reason && <span className="faint">{row.reason}</span>}
            </th>
            <td className="ledger-when">
              <time dateTime={row.time}>{day(row.time)}</time>
            </td>
            <td className={row.amount > 0 ? 'ledger-number ledger-in' : 'ledger-number'}>
              {row.type === 'charge' ? <span className="faint">{t('ledger.taken', { amount: number(Math.abs(row.amount)) })}</span> : signed(row.amount)}
              {row.released > 0 && <span className="faint">{t('ledger.released', { amount: credits(row.released) })}</span>}
            </td>
            <td className="ledger-number ledger-after">
              <span className="ledger-label faint">{t('credits.after')}</span>
              {number(row.balance)}
            </td>
          </tr>
        ))}
      </tbody>
  </table>
  )
}

/** Tasks by their words; of those that are further back, the beginning of the id. */
function useNames(): (id: string) => string {
  const { data } = useQuery({ queryKey: ['tasks', 'names'], queryFn: () => lathe.tasks(null, 100), staleTime: 30_000 })
  const names = new Map(data?.items.map((task) => [task.task_id, nameOf(task)]))
  return (id) => names.get(id) ?? id.slice(0, 8)
}
