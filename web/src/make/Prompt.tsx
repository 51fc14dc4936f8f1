import { type KeyboardEvent, useId } from 'react'
import { t } from '../i18n/index.ts'

type PromptProps = { value: string; onChange: (prompt: string) => void; onSend: () => void; invalid: boolean; describedBy: string }

/** The large field. It grows with its text; Enter sends. */
export function Prompt({ value, onChange, onSend, invalid, describedBy }: PromptProps) {
  const id = useId()
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    onSend()
  }
  return (
    <div className="composer-grow" data-text={`${value} `}>
      <label className="visually-hidden" htmlFor={id}>
        {t('make.prompt')}
      </label>
      <textarea
        id={id}
        rows={2}
        value={value}
        placeholder={t('make.placeholder')}
        aria-describedby={describedBy}
        aria-invalid={invalid}
        enterKeyHint="send"
        autoFocus={matchMedia('(hover: hover)').matches}
        onKeyDown={onKey}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  )
}
