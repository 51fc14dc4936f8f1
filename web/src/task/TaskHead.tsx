import type { Task } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { credits, day, t } from '../i18n/index.ts'
import { Status } from '../ui/Status.tsx'
import { nameOf } from './name.ts'

export function TaskHead({ task }: { task: Task }) {
  const price = task.charged || task.reserved
  return (
    <div className="task-head">
      <h1>{nameOf(task)}</h1>
      <p className="task-facts">
        <Status status={task.status} />
        <span>{task.model}</span>
        {price > 0 && <span>{credits(price)}</span>}
        {task.created_at && <time dateTime={task.created_at}>{day(task.created_at)}</time>}
        {task.parent && <Link href={`/tasks/${task.parent}`}>{t('task.parent')}</Link>}
      </p>
    </div>
  )
}
