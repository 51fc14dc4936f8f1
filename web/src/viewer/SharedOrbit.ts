import type { ViewerElement } from './element.ts'
import { FIRST_ORBIT } from './view.ts'

type Moved = CustomEvent<{ source: 'user-interaction' | 'none' | 'automatic' }>

/** `105%` in FIRST_ORBIT: the distance at the beginning, as a share of the one that just frames the model. */
const FIRST_SHARE = Number(/([\d.]+)%/.exec(FIRST_ORBIT)![1]) / 100

/**
 * Lets several models be looked at from the same side: whoever is turned by hand turns the others. Distances are shares
 * of what frames each model, so a small one and a large one both fill their box.
 */
export class SharedOrbit {
  private readonly framing = new Map<ViewerElement, number>()

  /** To be called when the model has loaded. Returns what ends the sharing. */
  join(element: ViewerElement): () => void {
    this.framing.set(element, element.getCameraOrbit().radius / FIRST_SHARE)
    const follow = (event: Event): void => {
      if ((event as Moved).detail.source === 'user-interaction') this.lead(element)
    }
    element.addEventListener('camera-change', follow)
    return () => {
      element.removeEventListener('camera-change', follow)
      this.framing.delete(element)
    }
  }

  private lead(leader: ViewerElement): void {
    const { theta, phi, radius } = leader.getCameraOrbit()
    const share = radius / this.framing.get(leader)!
    for (const other of this.framing.keys()) {
      if (other === leader) continue
      other.cameraOrbit = `${theta}rad ${phi}rad ${share * 100}%`
      other.fieldOfView = `${leader.getFieldOfView()}deg`
      other.resetTurntableRotation(leader.turntableRotation)
      other.jumpCameraToGoal()
    }
  }
}
