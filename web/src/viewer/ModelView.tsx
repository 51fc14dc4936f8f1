import { createElement, type Ref, useEffect, useEffectEvent, useImperativeHandle, useRef, useState } from 'react'
import { t } from '../i18n/index.ts'
import './element.ts'
import type { ViewerElement } from './element.ts'
import { spoken } from './spoken.ts'
import { FIRST_ORBIT, type View } from './view.ts'
import { showWireframe } from './wireframe.ts'

type ModelViewProps = {
  ref?: Ref<ViewerElement | null>
  src: string
  name: string
  view: View
  onLoaded?: (element: ViewerElement) => void
}

/** One model to turn around. */
export function ModelView({ ref, src, name, view, onLoaded }: ModelViewProps) {
  const viewer = useRef<ViewerElement>(null)
  const [state, setState] = useState<'loading' | 'loaded' | 'failed'>('loading')
  const { turntable, wireframe, bright } = view
  useImperativeHandle(ref, () => viewer.current!)
  const loaded = useEffectEvent(() => {
    setState('loaded')
    showWireframe(viewer.current!, wireframe)
    onLoaded?.(viewer.current!)
  })

  useEffect(() => {
    const listening = new AbortController()
    viewer.current?.addEventListener('load', () => loaded(), { signal: listening.signal })
    viewer.current?.addEventListener('error', () => setState('failed'), { signal: listening.signal })
    return () => listening.abort()
  }, [])

  useEffect(() => {
    if (state === 'loaded' && viewer.current) showWireframe(viewer.current, wireframe)
  }, [wireframe, state])

  return (
    <>
      {createElement('model-viewer', {
        ref: viewer,
        class: 'viewer',
        src,
        alt: t('viewer.label', { name }),
        a11y: spoken(),
        'camera-controls': true,
        'touch-action': 'pan-y',
        'interaction-prompt': 'none',
        'camera-orbit': FIRST_ORBIT,
        'min-field-of-view': '8deg',
        'auto-rotate': turntable || undefined,
        'auto-rotate-delay': 0,
        'rotation-per-second': '18deg',
        'shadow-intensity': '1',
        'shadow-softness': '0.8',
        'environment-image': bright ? 'legacy' : 'neutral',
        exposure: bright ? '1.3' : '1',
        'data-loaded': String(state === 'loaded'),
      })}
      {state === 'failed' && (
        <p className="stage-note" role="alert">
          {t('task.modelFailed')}. {t('task.modelFailed.hint')}
        </p>
      )}
    </>
  )
}
