import type { Task } from '../api/types.ts'
import { t } from '../i18n/index.ts'
import { useLatestFile } from '../ui/useFile.ts'
import { Turning } from './Turning.tsx'

/** The work as it grows: the engine's own pictures of it as they come, and until the first one a piece on the lathe. */
export function Growing({ task }: { task: Task }) {
  const { src } = useLatestFile(task.preview_url)
  if (src === undefined) return <Turning progress={task.status === 'queued' ? 0 : task.progress} />
  return <img className="stage-poster stage-growing" src={src} alt={t('task.growing')} />
}
