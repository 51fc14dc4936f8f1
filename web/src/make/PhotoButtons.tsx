import { type ChangeEvent, useRef } from 'react'
import { t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { ACCEPTED } from './photo.ts'

type PhotoButtonsProps = { onPhotos: (photos: File[]) => void; several: boolean; another: boolean }

/** Pick pictures; on a phone or tablet also take one. */
export function PhotoButtons({ onPhotos, several, another }: PhotoButtonsProps) {
  const file = useRef<HTMLInputElement>(null)
  const camera = useRef<HTMLInputElement>(null)
  const take = ({ target }: ChangeEvent<HTMLInputElement>): void => {
    const photos = [...(target.files ?? [])]
    target.value = ''
    if (photos.length > 0) onPhotos(photos)
  }
  const hidden = { type: 'file', accept: ACCEPTED, hidden: true, tabIndex: -1, onChange: take } as const
  const label = t(another ? 'make.photo.another' : 'make.photo')
  return (
    <>
      <button type="button" className="button button-quiet" onClick={() => file.current?.click()}>
        <Icon name="photo" />
        <span className="from-small">{label}</span>
      </button>
      <button
        type="button"
        className="button button-quiet only-touch"
        aria-label={t('make.camera')}
        onClick={() => camera.current?.click()}
      >
        <Icon name="camera" />
      </button>
      <input ref={file} {...hidden} multiple={several} aria-label={label} data-testid="photo" />
      <input ref={camera} {...hidden} aria-label={t('make.camera')} capture="environment" />
    </>
  )
}
