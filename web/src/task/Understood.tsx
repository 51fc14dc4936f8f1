import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import * as lathe from '../api/lathe.ts'
import { isPassing } from '../api/problem.ts'
import type { Result, Task, Understood as Reading } from '../api/types.ts'
import { navigate } from '../app/router.tsx'
import { credits, number, readable, t, tOr } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'
import { Swatch } from '../ui/Swatch.tsx'
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
          {ignored.map((word) => (
            <s key={word}>{word}</s>
          ))}
        </p>
      )}
      {task.prompt && ignored.length > 0 && <Without task={task} ignored={ignored} />}
    </section>
  )
}

/** Makes it again without the words that the engine passed over. */
function Without({ task, ignored }: { task: Task; ignored: string[] }) {
  const key = useRef<string | null>(null)
  const prompt = withoutWords(task.prompt ?? '', ignored)
  const make = useMutation({
    mutationFn: () => {
      const seed = typeof task.seed === 'number' ? { seed: task.seed } : {}
      return lathe.create({ prompt, model: task.model, params: { ...task.params, ...seed } }, (key.current ??= lathe.newKey()))
    },
    onSuccess: (made) => navigate(`/tasks/${made.task_id}`),
    onError: (failure) => {
      if (!isPassing(failure)) key.current = null
    },
  })
  if (prompt === '') return null
  return (
    <>
      <button type="button" className="button" aria-disabled={make.isPending} onClick={() => make.isPending || make.mutate()}>
        <Icon name="again" />
        {t('understood.without')}
        {task.price !== undefined && <span className="faint">{credits(task.price)}</span>}
      </button>
      {make.error && <Failure failure={make.error} />}
    </>
  )
}

function factsOf(reading: Reading): Fact[] {
  const facts: Fact[] = []
  const object = reading.object ?? reading.family
  if (object && reading.family === undefined) {
    facts.push({ label: t('understood.separation'), value: readable(object) })
  } else if (object) {
    const many = (reading.count ?? 1) > 1 ? `${reading.count} × ` : ''
    facts.push({ label: t('understood.object'), value: many + readable(object) })
  }
  if (reading.share_of_photo !== undefined) {
    facts.push({ label: t('understood.share'), value: `${number(reading.share_of_photo * 100, 0)} %` })
  }
  for (const [role, { material, color }] of Object.entries(reading.finishes ?? {})) {
    facts.push({ label: tOr(`finish.${role}`, readable(role)), value: material ? readable(material) : '', color })
  }
  for (const [part, count] of Object.entries(reading.parts ?? {})) facts.push({ label: readable(part), value: `× ${number(count)}` })
  for (const [option, value] of Object.entries(reading.options ?? {})) {
    facts.push({ label: readable(option), value: typeof value === 'boolean' ? t(value ? 'understood.yes' : 'understood.no') : readable(String(value)) })
  }
  for (const [typed, meant] of Object.entries(reading.corrected ?? {})) {
    facts.push({ label: t('understood.corrected', { word: typed }), value: meant })
  }
  return facts
}
