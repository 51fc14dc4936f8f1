import { QueryClientProvider } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { AuthDialog } from '../auth/AuthDialog.tsx'
import { CreditsPage } from '../credits/CreditsPage.tsx'
import { t } from '../i18n/index.ts'
import { MakePage } from '../make/MakePage.tsx'
import { MinePage } from '../mine/MinePage.tsx'
import { TaskPage } from '../task/TaskPage.tsx'
import { Crash } from './Crash.tsx'
import { Header } from './Header.tsx'
import { MissingPage } from './MissingPage.tsx'
import { Offline } from './Offline.tsx'
import { queries } from './queries.ts'
import { routeOf, usePath } from './router.tsx'

export function App() {
  const path = usePath()
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)

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
          <Page path={path} />
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
    case 'mine':
      return <MinePage />
    case 'credits':
      return <CreditsPage />
    case 'missing':
      return <MissingPage />
  }
}
