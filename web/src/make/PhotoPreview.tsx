import { size, t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { useBlobUrl } from '../ui/useFile.ts'

export function PhotoPreview({ photo, onRemove }: { photo: File; onRemove: () => void }) {
  const src = useBlobUrl(photo)
  return (
    <div className="photo-preview">
      <div className="photo-frame">{src && <img src={src} alt={t('make.photo.alt', { name: photo.name })} />}</div>
      <div className="photo-words">
        <strong>{photo.name}</strong>
        <span className="faint">{size(photo.size)}</span>
        <span>{t('make.photo.note')}</span>
      </div>
      <button type="button" className="button button-icon" aria-label={t('make.photo.remove')} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </div>
  )
}
