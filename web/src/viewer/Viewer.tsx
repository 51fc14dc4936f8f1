import { createElement, type RefObject, useEffect, useRef, useState } from 'react'
import { t } from '../i18n/index.ts'
import { Icon, type IconName } from '../ui/Icon.tsx'
import './element.ts'
import type { ViewerElement } from './element.ts'
import { showWireframe } from './wireframe.ts'

type ViewerProps = { src: string; name: string; box: RefObject<HTMLDivElement | null> }

const VIEW = '30deg 72deg 105%'
const still = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches

/** The model to turn around, with its tools. */
export default function Viewer({ src, name, box }: ViewerProps) {
  const viewer = useRef<ViewerElement>(null)
  const [turntable, setTurntable] = useState(() => !still())
  const [wireframe, setWireframe] = useState(false)
  const [bright, setBright] = useState(false)
  const [loaded, setLoaded] = useState(false)
  const [failed, setFailed] = useState(false)

  useEffect(() => {
    const element = viewer.current
    if (element === null) return
    const listening = new AbortController()
    element.addEventListener('load', () => setLoaded(true), { signal: listening.signal })
    element.addEventListener('error', () => setFailed(true), { signal: listening.signal })
    return () => listening.abort()
  }, [])

  useEffect(() => {
    if (loaded && viewer.current) showWireframe(viewer.current, wireframe)
  }, [wireframe, loaded])

  const reset = (): void => {
    const element = viewer.current
    if (element === null) return
    element.cameraOrbit = VIEW
    element.cameraTarget = 'auto auto auto'
    element.fieldOfView = 'auto'
    element.resetTurntableRotation(0)
  }
  const full = (): void => {
    if (document.fullscreenElement) void document.exitFullscreen()
    else void box.current?.requestFullscreen()
  }

  return (
    <>
      {createElement('model-viewer', {
        ref: viewer,
        class: 'viewer',
        src,
        alt: t('viewer.label', { name }),
        'camera-controls': true,
        'touch-action': 'pan-y',
        'interaction-prompt': 'none',
        'camera-orbit': VIEW,
        'min-field-of-view': '8deg',
        'auto-rotate': turntable || undefined,
        'auto-rotate-delay': 0,
        'rotation-per-second': '18deg',
        'shadow-intensity': '1',
        'shadow-softness': '0.8',
        'environment-image': bright ? 'legacy' : 'neutral',
        exposure: bright ? '1.3' : '1',
        'data-loaded': String(loaded),
      })}
      {failed && (
        <p className="stage-note" role="alert">
          {t('task.modelFailed')}. {t('task.modelFailed.hint')}
        </p>
      )}
      {!failed && (<div className="viewer-tools" role="toolbar" aria-label={t('viewer.tools')}>
        <Tool icon="turntable" label={t('viewer.turntable')} on={turntable} onPress={() => setTurntable(!turntable)} />
        <Tool icon="wireframe" label={t('viewer.wireframe')} on={wireframe} onPress={() => setWireframe(!wireframe)} />
        <Tool icon="light" label={t('viewer.light')} on={bright} onPress={() => setBright(!bright)} />
        <span className="tools-gap" />
        <Tool icon="zoomOut" label={t('viewer.out')} onPress={() => viewer.current?.zoom(-2)} />
        <Tool icon="zoomIn" label={t('viewer.in')} onPress={() => viewer.current?.zoom(2)} />
        <Tool icon="reset" label={t('viewer.reset')} onPress={reset} />
        {document.fullscreenEnabled && <Tool icon="full" label={t('viewer.full')} onPress={full} />}
      </div>)}
    </>
  )
}

type ToolProps = { icon: IconName; label: string; on?: boolean; onPress: () => void }

const Tool = ({ icon, label, on, onPress }: ToolProps) => (
  <button type="button" className="tool" aria-label={label} title={label} aria-pressed={on} onClick={onPress}>
    <Icon name={icon} />
  </button>
)
