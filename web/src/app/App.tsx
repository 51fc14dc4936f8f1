import { QueryClientProvider } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { AuthDialog } from '../auth/AuthDialog.tsx'
import { Gate } from '../auth/Gate.tsx'
import { CreditsPage } from '../credits/CreditsPage.tsx'
import { t, useLanguage } from '../i18n/index.ts'
import { MakePage } from '../make/MakePage.tsx'
import { MinePage } from '../mine/MinePage.tsx'
import { TaskPage } from '../task/TaskPage.tsx'
import { Crash } from './Crash.tsx'
import { Header } from './Header.tsx'
import { MissingPage } from './MissingPage.tsx'
import { Offline } from './Offline.tsx'
import { part } from './part.tsx'
import { queries } from './queries.ts'
import { navigate, routeOf, usePath } from './router.tsx'

const ComparePage = part('compare', () => import('../compare/ComparePage.tsx'), 'page blank')
const OperatorPage = part('operator', () => import('../operator/OperatorPage.tsx'), 'page blank')

export function App() {
  const path = usePath()
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  // Every text below is looked up when it is drawn: another language draws all of it anew.
  useLanguage()

  // A screen reader should hear that a new page is there; the first one is announced by the browser.
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true })
    first.current = false
  }, [path])

  return (
    <Crash>
      <QueryClientProvider client={queries}>
        <a className="skip" href="#content">
          {t('app.skip')}
        </a>
        <Header path={path} />
        <Offline />
        <main id="content" ref={main} tabIndex={-1}>
          <Crash key={path}>
            <Page path={path} />
          </Crash>
        </main>
        <AuthDialog />
      </QueryClientProvider>
    </Crash>
  )
}

function Page({ path }: { path: string }) {
  const route = routeOf(path)
  const waiting = <div className="page" aria-busy="true" />
  switch (route.page) {
    case 'make':
      return <MakePage />
    case 'task':
      return <TaskPage key={route.id} id={route.id} />
    case 'compare':
      return <ComparePage key={path} id={route.id} other={route.other} waiting={waiting} />
    case 'mine':
      return <MinePage />
    case 'credits':
      return <CreditsPage />
    case 'operator':
      return <OperatorPage waiting={waiting} />
    case 'login':
      return (
        <Gate title={t('auth.login')}>
          <Home />
        </Gate>
      )
    case 'missing':
      return <MissingPage />
  }
}

/** On to the first page; this one is not gone back to. */
function Home() {
  useEffect(() => navigate('/', 'replaceState'), [])
  return null
}
