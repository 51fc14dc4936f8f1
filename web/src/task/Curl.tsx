import { useRef, useState } from 'react'
import type { Task } from '../api/types.ts'
import { t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { curlOf } from './curlOf.ts'

export function Curl({ task }: { task: Task }) {
  const [done, setDone] = useState<'copied' | 'selected' | null>(null)
  const code = useRef<HTMLElement>(null)
  const command = curlOf(task, location.origin)
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(command)
      setDone('copied')
    } catch {
      // The person refused, or the page came by plain http, where there is no clipboard.
      getSelection()?.selectAllChildren(code.current!)
      setDone('selected')
    }
    setTimeout(() => setDone(null), 4000)
  }
  return (
    <details className="panel curl">
      <summary>{t('curl.title')}</summary>
      <pre tabIndex={0}>
        <code ref={code}>{command}</code>
      </pre>
      <button type="button" className="button" onClick={() => void copy()}>
        <Icon name={done === 'copied' ? 'check' : 'copy'} />
        <span aria-live="polite">{t(`curl.${done ?? 'copy'}`)}</span>
      </button>
    </details>
  )
}
