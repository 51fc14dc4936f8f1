import { useEffect, useEffectEvent, useState } from 'react'
import { t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { photosIn } from './photo.ts'

const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false

/** Takes photos that are dropped anywhere on the page, or pasted. */
export function DropZone({ onPhotos }: { onPhotos: (photos: File[]) => void }) {
  const [over, setOver] = useState(false)
  const take = useEffectEvent(onPhotos)

  useEffect(() => {
    const listening = new AbortController()
    const { signal } = listening
    const hover = (event: DragEvent): void => {
      if (!holdsFiles(event)) return
      event.preventDefault()
      setOver(true)
    }
    addEventListener('dragenter', hover, { signal })
    addEventListener('dragover', hover, { signal })
    addEventListener('dragleave', (event) => event.relatedTarget === null && setOver(false), { signal })
    addEventListener(
      'drop',
      (event) => {
        if (!holdsFiles(event)) return
        event.preventDefault()
        setOver(false)
        const photos = photosIn(event.dataTransfer)
        if (photos.length > 0) take(photos)
      },
      { signal },
    )
    addEventListener(
      'paste',
      (event) => {
        const photos = photosIn(event.clipboardData)
        if (photos.length > 0) take(photos)
      },
      { signal },
    )
    return () => listening.abort()
  }, [])

  if (!over) return null
  return (
    <div className="dropzone" aria-hidden="true">
      <Icon name="photo" size={48} />
      <p>{t('make.drop')}</p>
    </div>
  )
}
