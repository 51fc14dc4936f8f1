import { t } from '../i18n/index.ts'
import { Link } from './router.tsx'
import { useTitle } from './useTitle.ts'

export function MissingPage() {
  useTitle(t('app.missing'))
  return (
    <div className="page blank">
      <h1>{t('app.missing')}</h1>
      <p>{t('app.missing.hint')}</p>
      <Link className="button button-main" href="/">
        {t('nav.make')}
      </Link>
    </div>
  )
}
