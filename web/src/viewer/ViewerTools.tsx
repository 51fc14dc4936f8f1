import type { RefObject } from 'react'
import { t } from '../i18n/index.ts'
import { Icon, type IconName } from '../ui/Icon.tsx'
import type { ViewerElement } from './element.ts'
import { FIRST_ORBIT, type View } from './view.ts'

type ToolsProps = {
  view: View
  onView: (change: Partial<View>) => void
  /** The models that the tools work on; they move together. */
  elements: () => ViewerElement[]
  /** What fills the screen when asked. */
  box?: RefObject<HTMLElement | null>
}

export function ViewerTools({ view, onView, elements, box }: ToolsProps) {
  const zoom = (steps: number) => (): void => elements().forEach((element) => element.zoom(steps))
  const reset = (): void => {
    for (const element of elements()) {
      element.cameraOrbit = FIRST_ORBIT
      element.cameraTarget = 'auto auto auto'
      element.fieldOfView = 'auto'
      element.resetTurntableRotation(0)
    }
  }
  const full = (): void => {
    if (document.fullscreenElement) void document.exitFullscreen()
    else void box?.current?.requestFullscreen()
  }
  return (
    <div className="viewer-tools" role="group" aria-label={t('viewer.tools')}>
      <Tool icon="turntable" label={t('viewer.turntable')} on={view.turntable} onPress={() => onView({ turntable: !view.turntable })} />
      <Tool icon="wireframe" label={t('viewer.wireframe')} on={view.wireframe} onPress={() => onView({ wireframe: !view.wireframe })} />
      <Tool icon="light" label={t('viewer.light')} on={view.bright} onPress={() => onView({ bright: !view.bright })} />
      <span className="tools-gap" />
      <Tool icon="zoomOut" label={t('viewer.out')} onPress={zoom(-2)} />
      <Tool icon="zoomIn" label={t('viewer.in')} onPress={zoom(2)} />
      <Tool icon="reset" label={t('viewer.reset')} onPress={reset} />
      {box && document.fullscreenEnabled && <Tool icon="full" label={t('viewer.full')} onPress={full} />}
    </div>
  )
}

type ToolProps = { icon: IconName; label: string; on?: boolean; onPress: () => void }

const Tool = ({ icon, label, on, onPress }: ToolProps) => (
  <button type="button" className="tool" aria-label={label} title={label} aria-pressed={on} onClick={onPress}>
    <Icon name={icon} />
  </button>
)
