import { type FormEvent, type KeyboardEvent, useId, useState } from 'react'
import { useProfile } from '../auth/useSession.ts'
import { credits, t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'
import { changeDraft, useDraft } from './draft.ts'
import { DropZone } from './DropZone.tsx'
import { PhotoButtons } from './PhotoButtons.tsx'
import { refusalOf } from './photo.ts'
import { PhotoPreview } from './PhotoPreview.tsx'
import { Settings } from './Settings.tsx'
import { useEngines } from './useEngines.ts'
import { useMake } from './useMake.ts'

const MOST_CHARACTERS = 2000

/** The one large field: words or a photo go in, Enter sends. */
export function Composer() {
  const draft = useDraft()
  const profile = useProfile()
  const { fitting, engine, loaded, failure: noEngines } = useEngines(draft)
  const make = useMake()
  const [open, setOpen] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const id = useId()

  const tooMany = draft.prompt.length - MOST_CHARACTERS
  const ready = (engine !== undefined || !loaded) && (draft.photo !== null || (draft.prompt.trim() !== '' && tooMany <= 0))
  const send = (): void => {
    if (ready && !make.busy) make.send({ draft, engine })
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    send()
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }
  const takePhoto = (photo: File): void => {
    const why = refusalOf(photo)
    setRefusal(why)
    make.forget()
    if (why === null) changeDraft({ photo })
  }
  const changed = Object.keys(draft.params).length

  return (
    <form className="composer" onSubmit={submit} aria-busy={make.busy}>
      <DropZone onPhoto={takePhoto} />
      <div className="composer-box">
        {draft.photo === null ? (
          <div className="composer-grow" data-text={`${draft.prompt} `}>
            <label className="visually-hidden" htmlFor={`${id}-prompt`}>
              {t('make.prompt')}
            </label>
            <textarea
              id={`${id}-prompt`}
              rows={2}
              value={draft.prompt}
              placeholder={t('make.placeholder')}
              aria-describedby={`${id}-keys`}
              aria-invalid={tooMany > 0}
              enterKeyHint="send"
              autoFocus={matchMedia('(hover: hover)').matches}
              onKeyDown={onKey}
              onChange={(event) => {
                changeDraft({ prompt: event.target.value })
                make.forget()
              }}
            />
          </div>
        ) : (
          <PhotoPreview photo={draft.photo} onRemove={() => changeDraft({ photo: null })} />
        )}
        <div className="composer-bar">
          <div className="composer-tools">
            <PhotoButtons onPhoto={takePhoto} />
            <button
              type="button"
              className="button button-quiet"
              aria-expanded={open}
              aria-controls={`${id}-settings`}
              onClick={() => setOpen(!open)}
            >
              <Icon name="settings" />
              <span className="from-small">{t('make.settings')}</span>
              {changed > 0 && <span className="count">{t('make.settings.changed', { n: changed })}</span>}
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
          {engine && <Settings engine={engine} fitting={fitting} params={draft.params} />}
        </div>
      </div>
      <p id={`${id}-keys`} className="composer-keys faint">
        {tooMany > 0 ? <strong className="error-text">{t('make.tooLong', { n: tooMany })}</strong> : t('make.keys')}
      </p>
      {refusal !== null && (
        <p className="error-text" role="alert">
          {refusal}
        </p>
      )}
      {loaded && engine === undefined && <p className="error-text">{t('make.noEngine')}</p>}
      {noEngines !== null && !loaded && <Failure failure={noEngines} />}
      {make.failure !== null && (
        <Failure failure={make.failure} {...(make.unsure && { hint: t('make.safe') })} onRetry={send} />
      )}
    </form>
  )
}
