import { useEffect, useRef, useState } from 'react'
import { t } from '../i18n/index.ts'
import { nameOf } from '../task/name.ts'
import type { ViewerElement } from '../viewer/element.ts'
import { ModelView } from '../viewer/ModelView.tsx'
import { SharedOrbit } from '../viewer/SharedOrbit.ts'
import { useView } from '../viewer/view.ts'
import { ViewerTools } from '../viewer/ViewerTools.tsx'
import type { Side } from './useSide.ts'

/** Two models side by side; turning one turns the other. */
export default function Pair({ left, right }: { left: Side; right: Side | null }) {
  const [orbit] = useState(() => new SharedOrbit())
  const [view, setView] = useView(false)
  const box = useRef<HTMLDivElement>(null)
  const elements = (): ViewerElement[] => [...(box.current?.querySelectorAll('model-viewer') ?? [])] as ViewerElement[]
  return (
    <div className="pair" ref={box}>
      <Half side={left} orbit={orbit} view={view} />
      {right ? <Half side={right} orbit={orbit} view={view} /> : <p className="stage stage-floor pair-empty">{t('compare.empty')}</p>}
      <ViewerTools view={view} onView={setView} elements={elements} box={box} />
    </div>
  )
}

type HalfProps = { side: Side; orbit: SharedOrbit; view: ReturnType<typeof useView>[0] }

function Half({ side, orbit, view }: HalfProps) {
  const [loaded, setLoaded] = useState<ViewerElement>()
  useEffect(() => (loaded ? orbit.join(loaded) : undefined), [loaded, orbit])
  const { task, result, src } = side
  return (
    <div className="stage stage-floor">
      {task && src && <ModelView key={src} src={src} name={nameOf(task)} view={view} onLoaded={setLoaded} />}
      {result && result.outputs.every((output) => output.format !== 'glb') && <p className="stage-note">{t('task.noGlb')}</p>}
    </div>
  )
}
