import { useState } from 'react'
import type { Task } from '../api/types.ts'
import { t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { curlOf } from './curlOf.ts'

export function Curl({ task }: { task: Task }) {
  const [copied, setCopied] = useState(false)
  const command = curlOf(task, location.origin)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(command)
    setCopied(true)
    setTimeout(() => setCopied(false), 2000)
  }
  return (
    <details className="panel curl">
      <summary>{t('curl.title')}</summary>
      <pre tabIndex={0}>
        <code>{command}</code>
      </pre>
      <button type="button" className="button" onClick={() => void copy()}>
        <Icon name={copied ? 'check' : 'copy'} />
        <span aria-live="polite">{t(copied ? 'curl.copied' : 'curl.copy')}</span>
      </button>
    </details>
  )
}
