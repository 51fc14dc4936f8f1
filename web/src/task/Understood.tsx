import * as lathe from '../api/lathe.ts'
import type { Result, Task, Understood as Reading } from '../api/types.ts'
import { credits, percent, number, t, tOr, word } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'
import { Swatch } from '../ui/Swatch.tsx'
import { useAgain } from './useAgain.ts'
import { withoutWords } from './words.ts'

type Fact = { label: string; value: string; color?: string | undefined }

/** What the engine made of the words, what it passed over, and one click to put it right. */
export function Understood({ task, result }: { task: Task; result: Result }) {
  const facts = result.understood ? factsOf(result.understood) : []
  const ignored = result.ignored ?? []
  if (facts.length === 0 && ignored.length === 0) return null
  return (
    <section className="panel" aria-labelledby="understood-title">
      <h2 id="understood-title">{t(task.prompt ? 'understood.title' : 'understood.photo')}</h2>
      <dl className="understood">
        {facts.map(({ label, value, color }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {color && <Swatch color={color} />}
              {value}
            </dd>
          </div>
        ))}
      </dl>
      {result.understood?.notes?.map((note) => (
        <p key={note} className="hint">
          {note}
        </p>
      ))}
      {result.understood?.can_also && (
        <p className="hint">{t('understood.also', { what: result.understood.can_also })}</p>
      )}
      {ignored.length > 0 && (
        <p className="ignored">
          <span>{t('understood.ignored')}</span>
          {ignored.map((passed) => (
            <s key={passed}>{passed}</s>
          ))}
        </p>
      )}
      {task.prompt && ignored.length > 0 && <Without task={task} ignored={ignored} />}
    </section>
  )
}

/** Makes it again without the words that the engine passed over. */
function Without({ task, ignored }: { task: Task; ignored: string[] }) {
  const prompt = withoutWords(task.prompt ?? '', ignored)
  const make = useAgain((key) => lathe.fork(task.task_id, { prompt }, key))
  if (prompt === '') return null
  return (
    <>
      <button type="button" className="button" aria-disabled={make.busy} onClick={make.press}>
        <Icon name="again" />
        {t('understood.without')}
        <span className="faint">{credits(task.price)}</span>
      </button>
      {make.failure && <Failure failure={make.failure} />}
    </>
  )
}

function factsOf(reading: Reading): Fact[] {
  const facts: Fact[] = []
  const object = reading.object ?? reading.family
  if (object && reading.family === undefined) {
    facts.push({ label: t('understood.separation'), value: word(object) })
  } else if (object) {
    const many = (reading.count ?? 1) > 1 ? `${reading.count} × ` : ''
    facts.push({ label: t('understood.object'), value: many + word(object) })
  }
  const share = reading['share_of_photo']
  if (typeof share === 'number') {
    facts.push({ label: t('understood.share'), value: share < 0.01 ? `< ${percent(0.01)}` : percent(share) })
  }
  for (const [role, { material, color }] of Object.entries(reading.finishes ?? {})) {
    facts.push({ label: tOr(`finish.${role}`, word(role)), value: material ? word(material) : '', color })
  }
  for (const [part, count] of Object.entries(reading.parts ?? {})) facts.push({ label: word(part), value: `× ${number(count)}` })
  for (const [option, value] of Object.entries(reading.options ?? {})) {
    facts.push({ label: word(option), value: typeof value === 'boolean' ? t(value ? 'understood.yes' : 'understood.no') : word(String(value)) })
  }
  for (const [typed, meant] of Object.entries(reading.corrected ?? {})) {
    facts.push({ label: t('understood.corrected', { word: typed }), value: meant })
  }
  return facts
}
