import { fileUrl } from '../api/lathe.ts'
import type { Task } from '../api/types.ts'
import { credits, number, readable, t, tOr } from '../i18n/index.ts'
import { useFile } from '../ui/useFile.ts'

/** The request as it was made: its photo, engine, settings, seed and price. */
export function Asked({ task }: { task: Task }) {
  const photo = task.inputs?.[0]
  const { src } = useFile(photo && fileUrl(photo.file_id))
  const settings = Object.entries(task.params).filter(([name]) => name !== 'seed')
  return (
    <section className="panel" aria-labelledby="asked-title">
      <h2 id="asked-title">{t('asked.title')}</h2>
      {src && <img className="asked-photo" src={src} alt={t('asked.photo')} />}
      <dl className="understood">
        <Fact label={t('asked.engine')} value={`${task.model} ${task.model_version ?? ''}`} />
        {settings.map(([name, value]) => (
          <Fact key={name} label={tOr(`param.${name}`, readable(name))} value={valueText(name, value)} />
        ))}
        {typeof task.seed === 'number' && <Fact label={t('param.seed')} value={String(task.seed)} />}
        {task.price !== undefined && <Fact label={t('asked.price')} value={credits(task.price)} />}
      </dl>
    </section>
  )
}

const Fact = ({ label, value }: { label: string; value: string }) => (
  <div>
    <dt>{label}</dt>
    <dd>{value}</dd>
  </div>
)

function valueText(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => String(one).toUpperCase()).join(', ')
  if (typeof value === 'number') return tOr(`param.unit.${name}`, number(value), { n: value })
  return tOr(`value.${String(value)}`, readable(String(value)))
}
