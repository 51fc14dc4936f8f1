import { useRef } from 'react'
import { useTitle } from '../app/useTitle.ts'
import { t } from '../i18n/index.ts'
import { Composer } from './Composer.tsx'
import { beginDraft } from './draft.ts'
import { Examples } from './Examples.tsx'
import { Latest } from './Latest.tsx'

export function MakePage() {
  useTitle('')
  const composer = useRef<HTMLDivElement>(null)
  const choose = (prompt: string): void => {
    beginDraft(prompt)
    composer.current?.scrollIntoView({ block: 'center' })
    requestAnimationFrame(() => composer.current?.querySelector('textarea')?.focus({ preventScroll: true }))
  }
  return (
    <div className="page make">
      <div className="hero">
        <h1>{t('make.title')}</h1>
        <p className="lead">{t('make.lead')}</p>
      </div>
      <div ref={composer}>
        <Composer />
      </div>
      <Latest />
      <section aria-labelledby="examples-title" className="section">
        <h2 id="examples-title">{t('make.examples')}</h2>
        <Examples onChoose={choose} />
      </section>
    </div>
  )
}
