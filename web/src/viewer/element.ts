/**
 * `<model-viewer>` with what this page uses of it: camera controls, loading, lights, the turntable, and the scene
 * graph, which loading needs. Left out are AR, annotations and animations.
 */
import { ControlsMixin } from '@google/model-viewer/lib/features/controls.js'
import { EnvironmentMixin } from '@google/model-viewer/lib/features/environment.js'
import { LoadingMixin } from '@google/model-viewer/lib/features/loading.js'
import { SceneGraphMixin } from '@google/model-viewer/lib/features/scene-graph.js'
import { StagingMixin } from '@google/model-viewer/lib/features/staging.js'
import ModelViewerElementBase, { $updateStatus } from '@google/model-viewer/lib/model-viewer-base.js'
import rules from 'virtual:viewer-styles'
import { t } from '../i18n/index.ts'

const sheet = new CSSStyleSheet()
// Its own ring is a thin one of the browser's colour. The poster takes the focus until the model is there.
const ring = ':is(.userInput, #default-poster):focus-visible { outline: 3px solid var(--focus); outline-offset: -3px; }'
sheet.replaceSync(rules + ring)

const Element = SceneGraphMixin(StagingMixin(EnvironmentMixin(ControlsMixin(LoadingMixin(ModelViewerElementBase)))))

class Viewer extends Element {
  /** The base class resets the shadow root's style sheets here, so this is the place to add one. */
  protected override createRenderRoot(): HTMLElement | DocumentFragment {
    const root = super.createRenderRoot()
    this.shadowRoot!.adoptedStyleSheets = [sheet]
    // A landmark with an English name around what is told anyway.
    const landmark = this.shadowRoot!.querySelector('[role=region]')
    for (const name of ['role', 'aria-label']) landmark?.removeAttribute(name)
    return root
  }

  /** The one thing it says that its attribute `a11y` has no words for. */
  override [$updateStatus](status: string): void {
    super[$updateStatus](status === 'Loading' ? t('app.loading') : status)
  }
}

export type ViewerElement = InstanceType<typeof Element>

if (customElements.get('model-viewer') === undefined) customElements.define('model-viewer', Viewer)
