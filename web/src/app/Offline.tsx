import { useSyncExternalStore } from 'react'
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

export function Offline() {
  const online = useOnline()
  return (
    <div className="offline-region" role="status">
      {!online && (
        <p className="offline">
          <Icon name="warning" size={16} />
          {t('app.offline')}
        </p>
      )}
    </div>
  )
}
