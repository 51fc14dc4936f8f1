import { QueryClientProvider } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useRef } from 'react'
import { AuthDialog } from '../auth/AuthDialog.tsx'
import { CreditsPage } from '../credits/CreditsPage.tsx'
import { t, useLanguage } from '../i18n/index.ts'
import { MakePage } from '../make/MakePage.tsx'
import { MinePage } from '../mine/MinePage.tsx'
import { TaskPage } from '../task/TaskPage.tsx'
import { Crash } from './Crash.tsx'
import { Header } from './Header.tsx'
import { MissingPage } from './MissingPage.tsx'
import { Offline } from './Offline.tsx'
import { queries } from './queries.ts'
import { routeOf, usePath } from './router.tsx'

const ComparePage = lazy(() => import('../compare/ComparePage.tsx'))
const OperatorPage = lazy(() => import('../operator/OperatorPage.tsx'))

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
            <Suspense fallback={<div className="page" aria-busy="true" />}>
              <Page path={path} />
            </Suspense>
          </Crash>
        </main>
        <AuthDialog />
      </QueryClientProvider>
    </Crash>
  )
}

function Page({ path }: { path: string }) {
  const route = routeOf(path)
  switch (route.page) {
    case 'make':
      return <MakePage />
    case 'task':
      return <TaskPage key={route.id} id={route.id} />
    case 'compare':
      return <ComparePage key={path} id={route.id} other={route.other} />
    case 'mine':
      return <MinePage />
    case 'credits':
      return <CreditsPage />
    case 'operator':
      return <OperatorPage />
    case 'missing':
      return <MissingPage />
  }
}
