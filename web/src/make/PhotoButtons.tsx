import { type ChangeEvent, useRef } from 'react'
import { t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { ACCEPTED } from './photo.ts'

/** Pick a picture; on a phone or tablet also take one. */
export function PhotoButtons({ onPhoto }: { onPhoto: (photo: File) => void }) {
  const file = useRef<HTMLInputElement>(null)
  const camera = useRef<HTMLInputElement>(null)
  const take = (event: ChangeEvent<HTMLInputElement>): void => {
    const photo = event.target.files?.[0]
    event.target.value = ''
    if (photo) onPhoto(photo)
  }
  const hidden = { type: 'file', accept: ACCEPTED, hidden: true, tabIndex: -1, onChange: take } as const
  return (
    <>
      <button type="button" className="button button-quiet" onClick={() => file.current?.click()}>
        <Icon name="photo" />
        <span className="from-small">{t('make.photo')}</span>
      </button>
      <button
        type="button"
        className="button button-quiet only-touch"
        aria-label={t('make.camera')}
        onClick={() => camera.current?.click()}
      >
        <Icon name="camera" />
      </button>
      <input ref={file} {...hidden} aria-label={t('make.photo')} data-testid="photo" />
      <input ref={camera} {...hidden} aria-label={t('make.camera')} capture="environment" />
    </>
  )
}
