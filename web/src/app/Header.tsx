import { session } from '../api/lathe.ts'
import { useIsOperator, useProfile, useSessionState } from '../auth/useSession.ts'
import { number, t } from '../i18n/index.ts'
import { Icon, type IconName } from '../ui/Icon.tsx'
import { Preferences } from './Preferences.tsx'
import { Link } from './router.tsx'

type Place = { href: string; name: 'nav.make' | 'nav.mine' | 'nav.credits' | 'nav.operator'; icon: IconName }

const PLACES: Place[] = [
  { href: '/', name: 'nav.make', icon: 'make' },
  { href: '/mine', name: 'nav.mine', icon: 'mine' },
  { href: '/credits', name: 'nav.credits', icon: 'credits' },
]
const OPERATOR: Place = { href: '/operator', name: 'nav.operator', icon: 'operator' }

export function Header({ path }: { path: string }) {
  const places = useIsOperator() ? [...PLACES, OPERATOR] : PLACES
  return (
    <header className="header">
      <Link className="brand" href="/">
        <Mark />
        <span>{t('app.name')}</span>
      </Link>
      <nav className="nav" aria-label={t('nav.label')}>
        {places.map(({ href, name, icon }) => (
          <Link key={href} href={href} className="nav-link" aria-current={path === href ? 'page' : undefined}>
            <Icon name={icon} />
            <span>{t(name)}</span>
          </Link>
        ))}
      </nav>
      <div className="header-end">
        <Account />
        <Preferences />
      </div>
    </header>
  )
}

function Account() {
  const state = useSessionState()
  const profile = useProfile()
  if (state === 'restoring') return <div className="account" tabIndex={-1} />
  if (state === 'anonymous') {
    return (
      <div className="account" tabIndex={-1}>
        <button type="button" className="button button-quiet" onClick={() => session.demand('login').catch(() => undefined)}>
          {t('auth.login')}
        </button>
      </div>
    )
  }
  return (
    <div className="account" tabIndex={-1}>
      {profile && (
        <>
          <Link className="balance" href="/credits" title={t('credits.free')}>
            <Icon name="credits" size={16} />
            <span>{number(profile.balance)}</span>
            <span className="visually-hidden">{t('credits.free')}</span>
          </Link>
          <span className="account-name" title={t('auth.account', { name: profile.username ?? '' })}>
            {profile.username}
          </span>
        </>
      )}
      <button
        type="button"
        className="button button-icon"
        aria-label={t('auth.logout')}
        title={t('auth.logout')}
        onClick={() => void session.logout()}
      >
        <Icon name="logout" />
      </button>
    </div>
  )
}

/** A turned baluster: the profile that a lathe cuts. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M12 5h8v2.200c0 1.700-1.600 2.300-1.600 4s3.900 4 3.900 8.300c0 3.300-2.100 4.300-2.100 5.700V27h-8.400v-1.800c0-1.400-2.100-2.400-2.100-5.700 0-4.300 3.900-6.600 3.900-8.300s-1.600-2.300-1.600-4z" />
    </svg>
  )
}
