import { isTerminal, type Task } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { credits, percent } from '../i18n/index.ts'
import { nameOf } from '../task/name.ts'
import { Turning } from '../task/Turning.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Status } from '../ui/Status.tsx'
import { useFile } from '../ui/useFile.ts'

/** A task in a gallery: what came of it, or how far it is. */
export function TaskCard({ task }: { task: Task }) {
  return (
    <li>
      <Link className="task-card" href={`/tasks/${task.task_id}`}>
        <span className="stage-floor task-picture">
          <Picture task={task} />
        </span>
        <span className="task-name">{nameOf(task)}</span>
        <span className="task-line">
          <Status status={task.status} />
          {!isTerminal(task.status) && <span>{percent(task.progress)}</span>}
          {task.charged > 0 && <span className="faint">{credits(task.charged)}</span>}
        </span>
      </Link>
    </li>
  )
}

function Picture({ task }: { task: Task }) {
  const { src } = useFile(task.preview_url)
  if (task.status === 'completed') return src ? <img src={src} alt="" width="512" height="512" /> : null
  if (isTerminal(task.status)) return <Icon name={task.status === 'failed' ? 'warning' : 'close'} size={32} />
  return <Turning progress={task.progress} />
}
