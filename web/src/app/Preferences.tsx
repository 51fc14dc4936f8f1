import { useMutation } from '@tanstack/react-query'
import type { FocusEvent } from 'react'
import { choose, LANGUAGES, type Language, t, useLanguage } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'
import { chooseTheme, THEMES, useTheme } from './appearance.ts'
import { queries } from './queries.ts'

/** Light or dark, and the language. The browser's own popover closes it by Escape or a click elsewhere. */
export function Preferences() {
  const language = useLanguage()
  const theme = useTheme()
  const { mutate: speakIn, error, variables } = useMutation({
    mutationFn: choose,
    // What the server words itself is asked for again: what it says of engines, and why it refused.
    onSuccess: () =>
      queries.invalidateQueries({ predicate: ({ queryKey, state }) => queryKey[0] === 'models' || state.status === 'error' }),
  })
  return (
    <div className="preferences-place" onBlur={closeWhenLeft}>
      <button
        type="button"
        className="button button-icon"
        popoverTarget="preferences"
        aria-label={t('preferences.title')}
        title={t('preferences.title')}
      >
        <Icon name="appearance" />
      </button>
      <div id="preferences" popover="auto" className="preferences" role="dialog" aria-label={t('preferences.title')}>
        <fieldset className="param">
          <legend>{t('preferences.theme')}</legend>
          <div className="segments">
            {THEMES.map((one) => (
              <label key={one} className="segment">
                <input type="radio" name="theme" checked={theme === one} onChange={() => chooseTheme(one)} />
                <span>{t(`theme.${one}`)}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <fieldset className="param">
          <legend>{t('preferences.language')}</legend>
          <div className="segments">
            {(Object.entries(LANGUAGES) as [Language, string][]).map(([tag, name]) => (
              <label key={tag} className="segment" lang={tag}>
                <input type="radio" name="language" checked={language === tag} onChange={() => speakIn(tag)} />
                <span>{name}</span>
              </label>
            ))}
          </div>
        </fieldset>
        {error && <Failure failure={error} onRetry={() => speakIn(variables)} />}
        <p className="preferences-links">
          <a href={language === 'en' ? '/docs' : `/docs?lang=${language}`}>{t('preferences.api')}</a>
        </p>
      </div>
    </div>
  )
}

/** The focus has gone elsewhere, by Tab: what is open would hide it. */
function closeWhenLeft({ currentTarget, relatedTarget }: FocusEvent<HTMLElement>): void {
  if (relatedTarget !== null && !currentTarget.contains(relatedTarget)) currentTarget.querySelector<HTMLElement>('[popover]')?.hidePopover()
}
