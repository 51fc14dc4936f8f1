import type { ReactNode } from 'react'
import { LoginDismissed, NoAnswer, Problem } from '../api/problem.ts'
import { t, tOr } from '../i18n/index.ts'
import { Icon, type IconName } from './Icon.tsx'

type NoticeProps = { tone?: 'calm' | 'bad'; icon?: IconName; title: string; children?: ReactNode; actions?: ReactNode }

/** Something the person should know, and what they can do about it. */
export function Notice({ tone = 'calm', icon = 'warning', title, children, actions }: NoticeProps) {
  return (
    <div className={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={icon} />
      <div className="notice-body">
        <strong>{title}</strong>
        {children !== undefined && <div className="notice-text">{children}</div>}
        {actions !== undefined && <div className="notice-actions">{actions}</div>}
      </div>
    </div>
  )
}

export const Again = ({ onPress }: { onPress: () => void }) => (
  <button type="button" className="button" onClick={onPress}>
    <Icon name="again" />
    {t('app.retry')}
  </button>
)

/** A failed request: what to do, and what the server says of it, without a stack. */
export function Failure({ failure, onRetry, hint }: { failure: unknown; onRetry?: () => void; hint?: string }) {
  const { title, advice, said, id } = wordsOf(failure)
  return (
    <Notice tone="bad" title={title} {...(onRetry && { actions: <Again onPress={onRetry} /> })}>
      {advice && <p>{advice}</p>}
      {said && <p lang="en">{said}</p>}
      {hint && <p>{hint}</p>}
      {id && <p className="faint">{t('failure.id', { id })}</p>}
    </Notice>
  )
}

/** `advice` is in the person's language, `said` in the English of the server or the browser. */
type Words = { title: string; advice?: string; said?: string; id?: string }

export function wordsOf(failure: unknown): Words {
  if (failure instanceof NoAnswer) return { title: t('failure.offline'), advice: t('failure.offline.hint') }
  if (failure instanceof LoginDismissed) return { title: t('auth.hint.login') }
  if (failure instanceof Problem) {
    const { title = t('failure.unknown'), detail = '', request_id, balance, price } = failure.document
    const advice = tOr(`remedy.${failure.code}`, t('remedy.other'))
    if (balance !== undefined && price !== undefined) {
      return { title, advice: `${t('make.short', { price, balance })} ${advice}` }
    }
    const id = failure.status >= 500 ? request_id : undefined
    return { title, advice, said: detail, ...(id && { id }) }
  }
  return { title: t('failure.unknown'), said: failure instanceof Error ? failure.message : '' }
}
