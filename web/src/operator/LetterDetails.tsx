import { day, t } from '../i18n/index.ts'
import { Failure } from '../ui/Notice.tsx'
import { useDeadLetter } from './useWatched.ts'

/** The record itself: headers, content with personal fields sealed, and what was decided about it before. */
export function LetterDetails({ id }: { id: string }) {
  const { data, error } = useDeadLetter(id)
  if (data === undefined) return error ? <Failure failure={error} /> : <div className="bone bone-row" aria-busy="true" />
  return (
    <div className="letter-details">
      <dl className="understood">
        {Object.entries(data.headers).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{value}</code>
            </dd>
          </div>
        ))}
        <div>
          <dt>{t('operator.letter.waiting')}</dt>
          <dd>{data.behind}</dd>
        </div>
      </dl>
      <pre tabIndex={0} aria-label={t('operator.letter.value')}>
        <code>{JSON.stringify(data.value, null, 2)}</code>
      </pre>
      {data.orders.length > 0 && (
        <ul className="facts">
          {data.orders.map((order) => (
            <li key={order.order_id}>
              <time dateTime={order.ordered_at}>{day(order.ordered_at)}</time>
              <span>
                {t(`operator.order.${order.action}`)}: {t(`outcome.${order.outcome ?? 'pending'}`)}
                {order.why && <span className="faint"> {order.why}</span>}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
