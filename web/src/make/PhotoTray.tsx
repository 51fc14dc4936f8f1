import { useId } from 'react'
import { size, t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { useBlobUrl } from '../ui/useFile.ts'
import { type Photo, removePhoto, turnPhoto, VIEWS } from './draft.ts'

type PhotoTrayProps = {
  photos: readonly Photo[]
  /** Something was typed, of which a model from photos makes no use. */
  words: boolean
  /** More were given than are taken. */
  leftOut: boolean
}

/** The chosen photos; of several, each says from which side it was taken. */
export function PhotoTray({ photos, words, leftOut }: PhotoTrayProps) {
  return (
    <div className="photo-tray">
      <ul className="photos">
        {photos.map((photo) => (
          <Item key={photo.key} photo={photo} several={photos.length > 1} />
        ))}
      </ul>
      <p className="hint">{t(photos.length > 1 ? 'make.views.note' : 'make.photo.note')}</p>
      {leftOut && (
        <p className="hint" role="alert">
          {t('make.photo.first')}
        </p>
      )}
      {words && (
        <p className="hint" role="status">
          {t('make.photo.words')}
        </p>
      )}
    </div>
  )
}

function Item({ photo, several }: { photo: Photo; several: boolean }) {
  const { file, view } = photo
  const src = useBlobUrl(file)
  const id = useId()
  return (
    <li className="photo">
      <div className="photo-frame">{src && <img src={src} alt={t('make.photo.alt', { name: file.name })} />}</div>
      <div className="photo-words">
        <strong>{file.name}</strong>
        <span className="faint">{size(file.size)}</span>
        {several && (
          <>
            <label className="visually-hidden" htmlFor={id}>
              {t('make.view', { name: file.name })}
            </label>
            <select id={id} value={view} onChange={({ target }) => turnPhoto(photo, VIEWS[target.selectedIndex]!)}>
              {VIEWS.map((one) => (
                <option key={one} value={one}>
                  {t(`view.${one}`)}
                </option>
              ))}
            </select>
          </>
        )}
      </div>
      <button
        type="button"
        className="button button-icon"
        aria-label={t('make.photo.remove', { name: file.name })}
        title={t('make.photo.remove', { name: file.name })}
        onClick={() => removePhoto(photo)}
      >
        <Icon name="close" />
      </button>
    </li>
  )
}
