import type { Worker } from '../api/operator.ts'
import { ago, t } from '../i18n/index.ts'
import { Section } from './Section.tsx'
import { useWorkers } from './useWatched.ts'

/** Live workers with what they can do and how busy they are. */
export function Workers() {
  const { data, error, isPending } = useWorkers()
  return (
    <Section title={t('operator.workers')} failure={error} loading={isPending}>
      {data?.items.length === 0 && <p className="faint">{t('operator.workers.none')}</p>}
      <ul className="workers">
        {data?.items.map((worker) => (
          <Card key={worker.worker_id} worker={worker} />
        ))}
      </ul>
    </Section>
  )
}

function Card({ worker }: { worker: Worker }) {
  const { worker_id, host, device, slots, engines, running, draining, heard_at } = worker
  return (
    <li className="panel worker">
      <div className="worker-head">
        <h3>{host}</h3>
        <span className="faint">{device}</span>
      </div>
      <p className="worker-load">
        <span>{t('operator.worker.load', { busy: running.length, n: slots })}</span>
        {draining && <strong className="count">{t('operator.worker.draining')}</strong>}
      </p>
      <Load busy={running.length} slots={slots} />
      <ul className="worker-engines">
        {engines.map((engine) => (
          <li key={engine.id}>
            <code>{engine.id}</code> <span className="faint">{engine.version}</span>
            {engine.loaded && <span className="count">{t('operator.worker.loaded')}</span>}
          </li>
        ))}
      </ul>
      <p className="faint worker-id">
        <code title={worker_id}>{worker_id.slice(-8)}</code> · {t('operator.worker.heard', { when: ago(heard_at) })}
      </p>
    </li>
  )
}

const Load = ({ busy, slots }: { busy: number; slots: number }) => (
  <div className="bar" aria-hidden="true">
    <svg className="bar-fill" viewBox="0 0 100 1" preserveAspectRatio="none">
      <rect width={slots === 0 ? 0 : Math.min(100, (100 * busy) / slots)} height="1" />
    </svg>
  </div>
)
