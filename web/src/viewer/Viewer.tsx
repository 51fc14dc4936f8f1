import { type RefObject, useRef } from 'react'
import type { ViewerElement } from './element.ts'
import { ModelView } from './ModelView.tsx'
import { useView } from './view.ts'
import { ViewerTools } from './ViewerTools.tsx'

type ViewerProps = { src: string; name: string; box: RefObject<HTMLDivElement | null> }

/** The model to turn around, with its tools. */
export default function Viewer({ src, name, box }: ViewerProps) {
  const viewer = useRef<ViewerElement>(null)
  const [view, setView] = useView()
  return (
    <>
      <ModelView ref={viewer} src={src} name={name} view={view} />
      <ViewerTools view={view} onView={setView} elements={() => (viewer.current ? [viewer.current] : [])} box={box} />
    </>
  )
}
