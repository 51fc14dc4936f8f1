import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import { session } from '../api/lathe.ts'
import { Problem } from '../api/problem.ts'
import { t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'

type Way = 'login' | 'register'

/** Log in, or make an account and be logged in. */
export function AuthForm({ start }: { start: Way }) {
  const [way, setWay] = useState<Way>(start)
  const [shown, setShown] = useState(false)
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const id = useId()
  const send = useMutation({
    mutationFn: () => (way === 'login' ? session.login({ username, password }) : session.register({ username, password })),
  })

  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (!send.isPending) send.mutate()
  }
  const other: Way = way === 'login' ? 'register' : 'login'
  const problem = send.error instanceof Problem ? send.error : null
  const aboutName = problem?.code === 'already-exists' ? t('auth.taken') : problem?.about('/username')
  const aboutPassword = problem?.status === 401 ? t('auth.wrong') : problem?.about('/password')

  return (
    <form className="auth-form" onSubmit={submit}>
      <div className="field">
        <label htmlFor={`${id}-name`}>{t('auth.username')}</label>
        <input
          id={`${id}-name`}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          value={username}
          aria-invalid={aboutName !== undefined}
          aria-describedby={aboutName && `${id}-name-error`}
          onChange={(event) => setUsername(event.target.value)}
        />
        {aboutName && <ErrorText id={`${id}-name-error`} text={aboutName} english={aboutName === problem?.about('/username')} />}
      </div>
      <div className="field">
        <label htmlFor={`${id}-password`}>{t('auth.password')}</label>
        <div className="with-button">
          <input
            id={`${id}-password`}
            name="password"
            type={shown ? 'text' : 'password'}
            autoComplete={way === 'login' ? 'current-password' : 'new-password'}
            required
            minLength={way === 'register' ? 6 : undefined}
            value={password}
            aria-invalid={aboutPassword !== undefined}
            aria-describedby={`${id}-password-hint`}
            onChange={(event) => setPassword(event.target.value)}
          />
          <button
            type="button"
            className="button button-icon"
            aria-label={t('auth.password.show')}
            aria-pressed={shown}
            onClick={() => setShown(!shown)}
          >
            <Icon name="eye" />
          </button>
        </div>
        {aboutPassword ? (
          <ErrorText id={`${id}-password-hint`} text={aboutPassword} english={aboutPassword === problem?.about('/password')} />
        ) : (
          way === 'register' && (
            <p id={`${id}-password-hint`} className="hint">
              {t('auth.password.hint')}
            </p>
          )
        )}
      </div>
      {send.error && !aboutName && !aboutPassword && <Failure failure={send.error} />}
      <button type="submit" className="button button-main button-wide" aria-disabled={send.isPending}>
        {t(way === 'login' ? 'auth.login' : 'auth.register')}
      </button>
      <button
        type="button"
        className="button button-quiet button-wide"
        onClick={() => {
          send.reset()
          setWay(other)
        }}
      >
        {t(way === 'login' ? 'auth.toRegister' : 'auth.toLogin')}
      </button>
    </form>
  )
}

const ErrorText = ({ id, text, english }: { id: string; text: string; english: boolean }) => (
  <p id={id} className="error-text" role="alert" lang={english ? 'en' : undefined}>
    {text}
  </p>
)
