import { useRef } from 'react'
import type { Result, Task } from '../api/types.ts'
import { Crash } from '../app/Crash.tsx'
import { part } from '../app/part.tsx'
import { credits, t, tOr } from '../i18n/index.ts'
import { Again, Failure, Notice } from '../ui/Notice.tsx'
import { useFile } from '../ui/useFile.ts'
import { Growing } from './Growing.tsx'
import { nameOf } from './name.ts'
import { Turning } from './Turning.tsx'

const Viewer = part('viewer', () => import('../viewer/Viewer.tsx'), 'stage-words')

type StageProps = { task: Task; result: Result | undefined; noResult: unknown; reload: () => void }

/** The large box: first the work as it grows, then the model to turn around. It keeps its size, save for words that are longer. */
export function Stage(shown: StageProps) {
  const box = useRef<HTMLDivElement>(null)
  return (
    <div className="stage stage-floor" ref={box}>
      <Content {...shown} box={box} />
    </div>
  )
}

type ContentProps = StageProps & { box: React.RefObject<HTMLDivElement | null> }

function Content(shown: ContentProps) {
  const { task } = shown
  switch (task.status) {
    case 'completed':
      return <Model {...shown} />
    case 'failed': {
      const advice = tOr(`advice.${task.problem?.code ?? ''}`, '')
      return (
        <div className="stage-words">
          <Notice tone="bad" title={tOr(`problem.${task.problem?.code ?? ''}`, t('task.failed'))}>
            {advice && <p>{advice}</p>}
            {task.problem?.detail && <p lang="en">{task.problem.detail}</p>}
            {task.problem?.kind === 'bad-input' && !task.problem.detail && <p>{t('task.reason.bad-input')}</p>}
            <p>{t('task.failed.refunded', { amount: credits(task.price) })}</p>
          </Notice>
        </div>
      )
    }
    case 'cancelled':
      return (
        <div className="stage-words">
          <Notice icon="close" title={t(task.reason === 'deadline' ? 'task.cancelled.deadline' : 'task.cancelled')}>
            {task.charged > 0 && <p>{t('task.cancelled.charged', { amount: credits(task.charged) })}</p>}
            {task.charged < task.price && (
              <p>{t('task.cancelled.refunded', { amount: credits(task.price - task.charged) })}</p>
            )}
          </Notice>
        </div>
      )
    default:
      return <Growing task={task} />
  }
}

function Model({ task, result, noResult, reload, box }: ContentProps) {
  const poster = useFile(result?.preview_url ?? task.preview_url)
  const glb = result?.outputs.find((output) => output.format === 'glb')
  const model = useFile(glb?.url)
  const still = poster.src && <img className="stage-poster" src={poster.src} alt={nameOf(task)} />

  if (result === undefined && noResult !== null) {
    return (
      <div className="stage-words">
        <Failure failure={noResult} onRetry={reload} />
      </div>
    )
  }
  if (result !== undefined && glb === undefined) {
    return (
      <>
        {still}
        <p className="stage-note">{t('task.noGlb')}</p>
      </>
    )
  }
  const without = (again?: () => void) => (
    <>
      {still}
      <div className="stage-note">
        <p>
          {t('task.modelFailed')}. {t('task.modelFailed.hint')}
        </p>
        {again && <Again onPress={again} />}
      </div>
    </>
  )
  if (model.failure) return without(model.again)
  const waiting = (
    <>
      <Turning progress={1} />
      <p className="stage-note" role="status">
        {t('task.loadingModel')}
      </p>
    </>
  )
  if (model.src === undefined) return waiting
  return (
    <Crash instead={without()}>
      <Viewer src={model.src} name={nameOf(task)} box={box} waiting={waiting} />
    </Crash>
  )
}
