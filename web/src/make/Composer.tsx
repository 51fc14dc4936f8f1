import { type FormEvent, useId, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { Problem } from '../api/problem.ts'
import { useProfile } from '../auth/useSession.ts'
import { credits, number, t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'
import { addPhoto, changeDraft, paramsFor, useDraft } from './draft.ts'
import { DropZone } from './DropZone.tsx'
import { ForkNote, InheritedPhotos } from './ForkNote.tsx'
import { PhotoButtons } from './PhotoButtons.tsx'
import { chooseFrom } from './photo.ts'
import { PhotoTray } from './PhotoTray.tsx'
import { Prompt } from './Prompt.tsx'
import { Settings } from './Settings.tsx'
import { kindOf, useEngines } from './useEngines.ts'
import { useMake } from './useMake.ts'

const MOST_CHARACTERS = 2000

/** The one large field: words or photos go in, Enter sends. */
export function Composer() {
  const draft = useDraft()
  const { prompt, photos, parent } = draft
  const profile = useProfile()
  const { fitting, engine, loaded, failure: noEngines, takesViews } = useEngines(draft)
  const make = useMake(draft)
  const [open, setOpen] = useState(parent !== null)
  const [refusal, setRefusal] = useState<string | null>(null)
  const [leftOut, setLeftOut] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const id = useId()

  const hasWords = kindOf(draft) === 'text'
  const tooMany = prompt.length - MOST_CHARACTERS
  const ready = (engine !== undefined || !loaded) && (!hasWords || (prompt.trim() !== '' && tooMany <= 0))
  const send = (): void => {
    if (!ready || make.busy) return
    if (form.current!.checkValidity()) {
      make.send({ draft, engine }, { onError: (failure) => isAboutSettings(failure) && setOpen(true) })
    } else {
      flushSync(() => setOpen(true))
      form.current!.querySelector<HTMLInputElement>('input:invalid')?.focus()
    }
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    send()
  }
  const take = (files: File[]): void => {
    const single = loaded && !takesViews
    const { taken, why, leftOut: unused } = chooseFrom(files, single)
    setRefusal(why)
    setLeftOut(unused)
    for (const file of taken) addPhoto(file, single)
  }
  const params = paramsFor(draft, engine?.id)
  const changed = Object.keys(params).length
  const problem = make.failure instanceof Problem ? make.failure : null

  return (
    <form ref={form} className="composer" onSubmit={submit} aria-busy={make.busy} noValidate>
      <DropZone onPhotos={take} />
      <div className="composer-box" tabIndex={-1}>
        {parent !== null && <ForkNote parent={parent} />}
        {hasWords ? (
          <Prompt
            value={prompt}
            onChange={(words) => changeDraft({ prompt: words })}
            onSend={send}
            invalid={tooMany > 0}
            describedBy={`${id}-keys`}
          />
        ) : photos.length > 0 ? (
          <PhotoTray photos={photos} words={prompt.trim() !== ''} leftOut={leftOut} />
        ) : (
          parent && <InheritedPhotos parent={parent} />
        )}
        <div className="composer-bar">
          <div className="composer-tools">
            {parent === null && <PhotoButtons onPhotos={take} several={takesViews} another={photos.length > 0 && takesViews} />}
            <button
              type="button"
              className="button button-quiet"
              aria-expanded={open}
              aria-controls={`${id}-settings`}
              onClick={() => setOpen(!open)}
            >
              <Icon name="settings" />
              <span className="from-small">{t('make.settings')}</span>
              {changed > 0 && parent === null && (
                <span className="count">
                  <span className="from-small">{t('make.settings.changed', { n: changed })}</span>
                  <span className="to-small" aria-hidden="true">
                    {number(changed)}
                  </span>
                </span>
              )}
            </button>
          </div>
          <p className="composer-price">
            {engine && <span>{t('make.price', { price: credits(engine.price) })}</span>}
            {profile && <span className="faint">{t('make.balance', { n: profile.balance })}</span>}
          </p>
          <button type="submit" className="button button-main" aria-disabled={!ready || make.busy}>
            {make.busy ? t(make.step === 'photo' ? 'make.sending.photo' : 'make.sending') : t('make.send')}
            <Icon name="send" />
          </button>
        </div>
        <div id={`${id}-settings`} hidden={!open}>
          {engine && <Settings engine={engine} fitting={fitting} params={params} problem={problem} />}
        </div>
      </div>
      <p id={`${id}-keys`} className="composer-keys faint">
        {tooMany > 0 ? (
          <strong className="error-text">{t('make.tooLong', { n: tooMany })}</strong>
        ) : (
          hasWords && (
            <>
              <span className="by-keyboard">{t('make.keys')}</span> {t('make.words')}
            </>
          )
        )}
      </p>
      {refusal !== null && (
        <p className="error-text" role="alert">
          {refusal}
        </p>
      )}
      {loaded && engine === undefined && <NoEngine several={photos.length > 1} />}
      {noEngines !== null && !loaded && <Failure failure={noEngines} />}
      {make.failure !== null && (
        <Failure failure={make.failure} {...(make.unsure && { hint: t('make.safe') })} onRetry={send} />
      )}
    </form>
  )
}

/** Its words stand at a field of the settings. */
const isAboutSettings = (failure: Error): boolean =>
  failure instanceof Problem && failure.document.errors?.some(({ pointer }) => pointer?.startsWith('/params/')) === true

const NoEngine = ({ several }: { several: boolean }) => (
  <p className="error-text" role="alert">
    {t(several ? 'make.noEngine.views' : 'make.noEngine')}
  </p>
)
