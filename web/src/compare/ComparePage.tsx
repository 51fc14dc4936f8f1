import { useState } from 'react'
import { part } from '../app/part.tsx'
import { Link } from '../app/router.tsx'
import { useTitle } from '../app/useTitle.ts'
import { Gate } from '../auth/Gate.tsx'
import { day, t } from '../i18n/index.ts'
import { useTasks } from '../mine/useTasks.ts'
import { nameOf } from '../task/name.ts'
import { Failure } from '../ui/Notice.tsx'
import { Differences } from './Differences.tsx'
import { type Side, useSide } from './useSide.ts'

const Pair = part('pair', () => import('./Pair.tsx'), 'blank')

type Pairing = { id: string; other: string | null }

export default function ComparePage(start: Pairing) {
  useTitle(t('compare.title'))
  return (
    <Gate title={t('auth.gate')}>
      <Compare {...start} />
    </Gate>
  )
}

function Compare({ id, other: first }: Pairing) {
  const [other, setOther] = useState(first)
  // Only the address changes: the list keeps the focus, and going back leads out of here.
  const choose = (wanted: string): void => {
    history.replaceState(null, '', `/tasks/${id}/compare/${wanted}`)
    setOther(wanted)
  }
  const left = useSide(id)
  const right = useSide(other)
  return (
    <div className="page compare">
      <div className="section-head">
        <h1>{t('compare.title')}</h1>
        <Chooser id={id} other={other} onChoose={choose} />
      </div>
      <div className="compare-names">
        <Name side={left} />
        {other !== null && <Name side={right} />}
      </div>
      <Pair
        left={left}
        right={other === null ? null : right}
        waiting={<div className="stage stage-floor" aria-busy="true" />}
      />
      {left.task && right.task && <Differences left={left} right={right} />}
    </div>
  )
}

function Name({ side }: { side: Side }) {
  if (side.failure) return <Failure failure={side.failure} onRetry={side.again} />
  return (
    <div className="compare-name">
      <h2>{side.task ? <Link href={`/tasks/${side.task.task_id}`}>{nameOf(side.task)}</Link> : t('app.loading')}</h2>
      {side.task && <time dateTime={side.task.created_at}>{day(side.task.created_at)}</time>}
    </div>
  )
}

/** What to hold it against: any other task that was completed. */
function Chooser({ id, other, onChoose }: Pairing & { onChoose: (wanted: string) => void }) {
  const { tasks, isSuccess } = useTasks(['completed'], 100)
  const choices = tasks.filter((task) => task.task_id !== id)
  if (isSuccess && choices.length === 0) return <p className="lead">{t('compare.alone')}</p>
  return (
    <label className="compare-chooser">
      <span>{t('compare.with')}</span>
      <select value={other ?? ''} onChange={({ target }) => onChoose(target.value)}>
        {other === null && <option value="">{t('compare.choose')}</option>}
        {other !== null && choices.every((task) => task.task_id !== other) && <option value={other}>{other.slice(0, 8)}</option>}
        {choices.map((task) => (
          <option key={task.task_id} value={task.task_id}>
            {shortened(nameOf(task))}, {day(task.created_at)}
          </option>
        ))}
      </select>
    </label>
  )
}

const MOST = 60

/** A whole prompt would make the list of choices as wide as the screen. */
const shortened = (name: string): string => (name.length > MOST ? `${name.slice(0, MOST)}…` : name)
