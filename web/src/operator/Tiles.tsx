import { number, t } from '../i18n/index.ts'
import { useDeadLetters, useLag, useQueue, useWorkers } from './useWatched.ts'

/** The few figures that tell at a glance whether all is well; what is not stands out by more than its colour. */
export function Tiles() {
  const queue = useQueue().data
  const workers = useWorkers().data
  const letters = useDeadLetters().total
  const behind = useLag().data?.items.reduce((sum, reader) => sum + reader.behind, 0)
  const waiting = (queue?.queued ?? 0) > 0
  return (
    <dl className="tiles">
      <Tile label={t('operator.queued')} value={queue?.queued} />
      <Tile label={t('operator.running')} value={queue && queue.running + queue.cancelling} />
      <Tile label={t('operator.workers')} value={workers?.total} alarm={workers?.total === 0 && waiting} />
      <Tile label={t('operator.behind')} value={behind} alarm={(behind ?? 0) > 1000} />
      <Tile label={t('operator.letters')} value={letters} alarm={(letters ?? 0) > 0} />
    </dl>
  )
}

const Tile = ({ label, value, alarm = false }: { label: string; value: number | undefined; alarm?: boolean }) => (
  <div className={alarm ? 'tile alarm' : 'tile'}>
    <dt>{label}</dt>
    <dd>
      {value === undefined ? '–' : number(value)}
      {alarm && <span className="tile-alarm">{t('operator.alarm')}</span>}
    </dd>
  </div>
)
