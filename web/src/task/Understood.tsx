import * as lathe from '../api/lathe.ts'
import type { Result, Task, Understood as Reading } from '../api/types.ts'
import { credits, percent, number, t, tOr, word } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'
import { Swatch } from '../ui/Swatch.tsx'
import { Said } from './Said.tsx'
import { useAgain } from './useAgain.ts'
import { withoutWords } from './words.ts'

type Fact = {
  /** What it is about, as the engine calls it. */
  id: string
  label: string
  value: string
  color?: string | undefined
  /** Its value is the person's own words, or close to them. */
  english?: boolean
}

/** What the engine made of the words, what it passed over, and one click to put it right. */
export function Understood({ task, result }: { task: Task; result: Result }) {
  const facts = result.understood ? factsOf(result.understood) : []
  const ignored = result.ignored ?? []
  const prompt = withoutWords(task.prompt ?? '', ignored, usedIn(result.understood))
  if (facts.length === 0 && ignored.length === 0) return null
  return (
    <section className="panel" aria-labelledby="understood-title">
      <h2 id="understood-title">{t(task.prompt ? 'understood.title' : 'understood.photo')}</h2>
      <dl className="understood">
        {facts.map(({ id, label, value, color, english }) => (
          <div key={id}>
            <dt>{label}</dt>
            <dd lang={english ? 'en' : undefined}>
              {color && <Swatch color={color} />}
              {value}
            </dd>
          </div>
        ))}
      </dl>
      {result.understood?.notes?.map((note) => (
        <p key={note} className="hint">
          <Said text={note} />
        </p>
      ))}
      {result.understood?.can_also && (
        <p className="hint">
          {t('understood.also')} <span lang="en">{result.understood.can_also}</span>
        </p>
      )}
      {ignored.length > 0 && (
        <p className="ignored">
          <span>{t('understood.ignored')}</span>
          {ignored.map((passed) => (
            <s key={passed}>
              <Said text={passed} />
            </s>
          ))}
        </p>
      )}
      {prompt !== null && <Without task={task} prompt={prompt} />}
    </section>
  )
}

/** Makes it again without the words that the engine passed over. */
function Without({ task, prompt }: { task: Task; prompt: string }) {
  const make = useAgain(task, 'without', ({ task_id }, { key, limit }) =>
    lathe.fork(task_id, { prompt, max_credits: limit }, key),
  )
  return (
    <>
      <button type="button" className="button" aria-disabled={make.busy} onClick={make.press}>
        <Icon name="again" />
        {t('understood.without')}
        <span className="faint">{credits(make.price)}</span>
      </button>
      {make.failure && <Failure failure={make.failure} />}
    </>
  )
}

/** The person's own words that the engine took up. */
const usedIn = ({ object = '', family = '', words = {} }: Reading = {}): string[] => [object, family, ...Object.values(words).flat()]

function factsOf(reading: Reading): Fact[] {
  const facts: Fact[] = []
  const { family, object, share_of_photo: share } = reading
  if (family) {
    const many = (reading.count ?? 1) > 1 ? `${reading.count} × ` : ''
    facts.push({ id: 'object', label: t('understood.object'), value: many + word(object ?? family) })
  } else if (object) {
    const way = String(reading['separation'] ?? reading.mode)
    facts.push({ id: 'object', label: t('understood.separation'), value: tOr(`separation.${way}`, word(object)) })
  }
  if (typeof share === 'number') {
    facts.push({ id: 'share', label: t('understood.share'), value: share < 0.01 ? `< ${percent(0.01)}` : percent(share) })
  }
  for (const [role, { material, color }] of Object.entries(reading.finishes ?? {})) {
    const value = material ? word(material) : ''
    facts.push({ id: `finish ${role}`, label: tOr(`finish.${role}`, word(role)), value, color })
  }
  for (const [part, count] of Object.entries(reading.parts ?? {})) {
    facts.push({ id: `part ${part}`, label: word(part), value: `× ${number(count)}` })
  }
  for (const [option, told] of Object.entries(reading.options ?? {})) {
    const value = typeof told === 'boolean' ? t(told ? 'understood.yes' : 'understood.no') : word(String(told))
    facts.push({ id: `option ${option}`, label: word(option), value })
  }
  for (const [typed, value] of Object.entries(reading.corrected ?? {})) {
    facts.push({ id: `word ${typed}`, label: t('understood.corrected', { word: typed }), value, english: true })
  }
  return facts
}
