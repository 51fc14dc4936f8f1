import { fileUrl } from '../api/lathe.ts'
import type { Task } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { t, tOr } from '../i18n/index.ts'
import { nameOf } from '../task/name.ts'
import { Icon } from '../ui/Icon.tsx'
import { useFile } from '../ui/useFile.ts'
import { leaveParent } from './draft.ts'

/** Says that this is a task made anew, from which one, and what of it stays. */
export function ForkNote({ parent }: { parent: Task }) {
  return (
    <div className="fork-note">
      <p>
        <Icon name="fork" size={16} />
        <span>{t('make.fork')}</span>
        <Link href={`/tasks/${parent.task_id}`}>{nameOf(parent)}</Link>
      </p>
      <button
        type="button"
        className="button button-icon"
        aria-label={t('make.fork.leave')}
        title={t('make.fork.leave')}
        onClick={leaveParent}
      >
        <Icon name="close" />
      </button>
    </div>
  )
}

/** The photos of the parent, which stay. */
export const InheritedPhotos = ({ parent }: { parent: Task }) => (
  <div className="photo-tray">
    <ul className="photos">
      {parent.inputs.map((input) => (
        <li key={input.role} className="photo">
          <Inherited fileId={input.file_id} />
          <div className="photo-words">
            <strong>{tOr(`view.${input.role}`, t('asked.photo'))}</strong>
          </div>
        </li>
      ))}
    </ul>
    <p className="hint">{t('make.fork.photos')}</p>
  </div>
)

function Inherited({ fileId }: { fileId: string }) {
  const { src } = useFile(fileUrl(fileId))
  return <div className="photo-frame">{src && <img src={src} alt={t('asked.photo')} />}</div>
}
