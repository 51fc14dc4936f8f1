import '@fontsource-variable/onest/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/shell.css'
import './styles/make.css'
import './styles/task.css'
import './styles/lists.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { session } from './api/lathe.ts'
import { followOtherTabs } from './api/session.ts'
import { App } from './app/App.tsx'
import { locale } from './i18n/index.ts'

document.documentElement.lang = locale
followOtherTabs(session)
void session.restore()

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
