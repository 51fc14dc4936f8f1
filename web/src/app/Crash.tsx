import { Component, type ReactNode } from 'react'
import { t } from '../i18n/index.ts'

type CrashProps = { children: ReactNode; instead?: ReactNode }

/** A net: a fault in a part of the page shows something in its place, or a way on instead of an empty window. */
export class Crash extends Component<CrashProps, { crashed: boolean }> {
  override state = { crashed: false }

  static getDerivedStateFromError(): { crashed: boolean } {
    return { crashed: true }
  }

  override render(): ReactNode {
    if (!this.state.crashed) return this.props.children
    return this.props.instead ?? <Stumbled />
  }
}

const Stumbled = () => (
  <div className="page blank" role="alert">
    <h1>{t('app.crashed')}</h1>
    <p>{t('app.crashed.hint')}</p>
    <button type="button" className="button button-main" onClick={() => location.reload()}>
      {t('app.reload')}
    </button>
  </div>
)
