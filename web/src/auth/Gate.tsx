import type { ReactNode } from 'react'
import { t } from '../i18n/index.ts'
import { AuthForm } from './AuthForm.tsx'
import { useSessionState } from './useSession.ts'

/** Shows what needs an account, or the way to one. The address stays, so the person comes out where they wanted to be. */
export function Gate({ title, children }: { title: string; children: ReactNode }) {
  const state = useSessionState()
  if (state === 'restoring') return <div className="page" aria-busy="true" />
  if (state !== 'anonymous') return children
  return (
    <div className="page blank">
      <h1>{title}</h1>
      <p className="lead">{t('auth.hint.login')}</p>
      <div className="card gate">
        <AuthForm start="login" />
      </div>
    </div>
  )
}
