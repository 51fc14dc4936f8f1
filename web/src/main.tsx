import '@fontsource-variable/onest/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/shell.css'
import './styles/make.css'
import './styles/task.css'
import './styles/panels.css'
import './styles/lists.css'
import './styles/operator.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { session } from './api/lathe.ts'
import { followOtherTabs } from './api/session.ts'
import { App } from './app/App.tsx'
import { showTheme } from './app/appearance.ts'
import { keepFocus } from './app/keepFocus.ts'
import { preferred, speak } from './i18n/index.ts'

showTheme()
followOtherTabs(session)
void session.restore()
// English is here already; when another language's file cannot be had, the page speaks English.
await speak(preferred()).catch(() => undefined)

const page = document.getElementById('root')!
keepFocus(page)
createRoot(page).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
