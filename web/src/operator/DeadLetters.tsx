import { useState } from 'react'
import type { DeadLetter } from '../api/operator.ts'
import { ago, size, t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { LetterDetails } from './LetterDetails.tsx'
import { LetterOrders } from './LetterOrders.tsx'
import { Section } from './Section.tsx'
import { useDeadLetters } from './useWatched.ts'

/** Records that could not be folded, with what can be done about each. */
export function DeadLetters() {
  const { letters, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage } = useDeadLetters()
  return (
    <Section title={t('operator.letters')} failure={error} loading={isPending}>
      {letters.length === 0 ? (
        <p className="letters-none">
          <Icon name="check" size={16} />
          {t('operator.letters.none')}
        </p>
      ) : (
        <>
          <p className="hint">{t('operator.letters.hint')}</p>
          <ul className="letters">
            {letters.map((letter) => (
              <Letter key={letter.id} letter={letter} />
            ))}
          </ul>
          {hasNextPage && (
            <div className="more">
              <button
                type="button"
                className="button"
                aria-disabled={isFetchingNextPage}
                onClick={() => isFetchingNextPage || void fetchNextPage()}
              >
                {t('mine.more')}
              </button>
            </div>
          )}
        </>
      )}
    </Section>
  )
}

function Letter({ letter }: { letter: DeadLetter }) {
  const [open, setOpen] = useState(false)
  return (
    <li className="letter">
      <div className="letter-head">
        <Icon name="warning" />
        <div className="letter-words">
          <h3>{letter.event_type ?? t('operator.letter.unknown')}</h3>
          <p>{letter.why}</p>
          <p className="faint">
            <code>{letter.id}</code> · {size(letter.bytes)} · {t('operator.letter.parked', { when: ago(letter.parked_at) })}
          </p>
        </div>
        <button type="button" className="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t(open ? 'operator.letter.less' : 'operator.letter.more')}
        </button>
      </div>
      {open && <LetterDetails id={letter.id} />}
      <LetterOrders id={letter.id} />
    </li>
  )
}
