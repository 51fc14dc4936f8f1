import { useTitle } from '../app/useTitle.ts'
import { Gate } from '../auth/Gate.tsx'
import { useAccount } from '../auth/useSession.ts'
import { t } from '../i18n/index.ts'
import { Failure } from '../ui/Notice.tsx'
import { DeadLetters } from './DeadLetters.tsx'
import { Lag } from './Lag.tsx'
import { Queues } from './Queues.tsx'
import { Rebuilds } from './Rebuilds.tsx'
import { Tiles } from './Tiles.tsx'
import { Workers } from './Workers.tsx'

export default function OperatorPage() {
  useTitle(t('nav.operator'))
  return (
    <Gate title={t('auth.gate.operator')}>
      <View />
    </Gate>
  )
}

function View() {
  const { profile, failure, reload } = useAccount()
  if (profile === undefined) {
    if (failure === null) return <div className="page" aria-busy="true" />
    return (
      <div className="page blank">
        <Failure failure={failure} onRetry={reload} />
      </div>
    )
  }
  if (profile.role !== 'operator' && profile.role !== 'admin') {
    return (
      <div className="page blank">
        <h1>{t('operator.refused')}</h1>
        <p className="lead">{t('operator.refused.hint')}</p>
      </div>
    )
  }
  return (
    <div className="page operator">
      <h1>{t('operator.title')}</h1>
      <Tiles />
      <div className="operator-columns">
        <Queues />
        <Workers />
      </div>
      <DeadLetters />
      <Lag />
      <Rebuilds />
    </div>
  )
}
