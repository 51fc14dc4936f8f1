import type { ReactNode } from 'react'
import { LoginDismissed, NoAnswer, Problem } from '../api/problem.ts'
import { t } from '../i18n/index.ts'
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

/** A failed request in the server's words, without a stack. */
export function Failure({ failure, onRetry, hint }: { failure: unknown; onRetry?: () => void; hint?: string }) {
  const { title, detail, id } = wordsOf(failure)
  const actions = onRetry && (
    <button type="button" className="button" onClick={onRetry}>
      <Icon name="again" />
      {t('app.retry')}
    </button>
  )
  return (
    <Notice tone="bad" title={title} {...(actions && { actions })}>
      {detail && <p>{detail}</p>}
      {hint && <p>{hint}</p>}
      {id && <p className="faint">{t('failure.id', { id })}</p>}
    </Notice>
  )
}

export function wordsOf(failure: unknown): { title: string; detail: string; id?: string } {
  if (failure instanceof NoAnswer) return { title: t('failure.offline'), detail: t('failure.offline.hint') }
  if (failure instanceof LoginDismissed) return { title: t('auth.hint.login'), detail: '' }
  if (failure instanceof Problem) {
    const { title, detail, request_id, balance, price } = failure.document
    if (balance !== undefined && price !== undefined) {
      return { title: title ?? '', detail: t('make.short', { price, balance }) }
    }
    const id = failure.status >= 500 ? request_id : undefined
    return { title: title ?? t('failure.unknown'), detail: detail ?? '', ...(id && { id }) }
  }
  return { title: t('failure.unknown'), detail: failure instanceof Error ? failure.message : '' }
}
