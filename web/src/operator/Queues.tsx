import { ago, number, t } from '../i18n/index.ts'
import { Section, Table } from './Section.tsx'
import { useQueue } from './useWatched.ts'

/** Tasks under way, by what they want and by whom they are from. */
export function Queues() {
  const { data, error, isPending } = useQueue()
  const counted = [
    { name: t('operator.queue.queued'), numeric: true },
    { name: t('operator.queue.running'), numeric: true },
    { name: t('operator.queue.oldest'), numeric: true },
  ]
  return (
    <Section title={t('operator.queue')} failure={error} loading={isPending}>
      <div className="stack">
        <Table
          label={t('operator.queue.model')}
          empty={t('operator.queue.none')}
          columns={[{ name: t('operator.queue.model') }, ...counted, { name: t('operator.queue.workers'), numeric: true }]}
          rows={(data?.by_model ?? []).map((row) => ({
            key: row.model,
            alarm: row.workers === 0 && row.queued > 0,
            cells: [
              <code key="model">{row.model}</code>,
              number(row.queued),
              number(row.running + row.cancelling),
              row.oldest_queued_at ? ago(row.oldest_queued_at) : '–',
              number(row.workers),
            ],
          }))}
        />
        {(data?.by_account.length ?? 0) > 0 && (
          <Table
            label={t('operator.queue.account')}
            empty=""
            columns={[{ name: t('operator.queue.account') }, ...counted]}
            rows={(data?.by_account ?? []).map((row) => ({
              key: row.account_id,
              cells: [
                <code key="account" title={row.account_id}>
                  {row.account_id.slice(0, 13)}…
                </code>,
                number(row.queued),
                number(row.running + row.cancelling),
                row.oldest_queued_at ? ago(row.oldest_queued_at) : '–',
              ],
            }))}
          />
        )}
      </div>
    </Section>
  )
}
