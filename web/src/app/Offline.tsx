import { useSyncExternalStore } from 'react'
import { useServerLost } from '../auth/useSession.ts'
import { t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'

function subscribe(listener: () => void): () => void {
  addEventListener('online', listener)
  addEventListener('offline', listener)
  return () => {
    removeEventListener('online', listener)
    removeEventListener('offline', listener)
  }
}

export const useOnline = (): boolean => useSyncExternalStore(subscribe, () => navigator.onLine)

/** That the network is gone, or that the server does not say yet who is logged in. */
export function Offline() {
  const online = useOnline()
  const lost = useServerLost()
  return (
    <div className="offline-region" role="status">
      {(!online || lost) && (
        <p className="offline">
          <Icon name="warning" size={16} />
          {t(online ? 'app.unreachable' : 'app.offline')}
        </p>
      )}
    </div>
  )
}
