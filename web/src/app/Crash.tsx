import { Component, type ReactNode } from 'react'
import { t } from '../i18n/index.ts'

/** The last net: a fault in the page itself shows a way on instead of an empty window. */
export class Crash extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false }

  static getDerivedStateFromError(): { crashed: boolean } {
    return { crashed: true }
  }

  override render(): ReactNode {
    if (!this.state.crashed) return this.props.children
    return (
      <main className="page blank" role="alert">
        <h1>{t('app.crashed')}</h1>
        <p>{t('app.crashed.hint')}</p>
        <button type="button" className="button button-main" onClick={() => location.reload()}>
          {t('app.reload')}
        </button>
      </main>
    )
  }
}
