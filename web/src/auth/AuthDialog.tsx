import { useLayoutEffect, useRef } from 'react'
import { session } from '../api/lathe.ts'
import type { Entrance } from '../api/session.ts'
import { t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { AuthForm } from './AuthForm.tsx'
import { useLoginDemanded, useSessionState } from './useSession.ts'

/** Opens when a request needs somebody to log in; the page below stays as it is, and the request goes on after it. */
export function AuthDialog() {
  const demanded = useLoginDemanded()
  return demanded === null ? null : <OpenDialog demanded={demanded} />
}

function OpenDialog({ demanded }: { demanded: Entrance }) {
  const expired = useSessionState() === 'expired'
  const dialog = useRef<HTMLDialogElement>(null)

  useLayoutEffect(() => {
    const shown = dialog.current!
    shown.showModal()
    shown.querySelector('input')?.focus()
    // Closed before it is taken away: only then the browser gives the focus back to where it was.
    return () => shown.close()
  }, [])

  const why = expired ? 'expired' : demanded
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="auth-title" onCancel={() => session.dismiss()}>
      <button
        type="button"
        className="button button-icon dialog-close"
        aria-label={t('app.close')}
        onClick={() => session.dismiss()}
      >
        <Icon name="close" />
      </button>
      <h2 id="auth-title">{t(`auth.title.${why}`)}</h2>
      <p className="lead">{t(`auth.hint.${why}`)}</p>
      <AuthForm start={demanded} />
    </dialog>
  )
}
