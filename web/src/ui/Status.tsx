import type { TaskStatus } from '../api/types.ts'
import { t } from '../i18n/index.ts'

/** A task's state as a word with a dot; the word alone is enough to know it. */
export const Status = ({ status }: { status: TaskStatus }) => (
  <span className={`status status-${status}`}>{t(`status.${status}`)}</span>
)
