import { fileUrl } from '../api/lathe.ts'
import type { Task } from '../api/types.ts'
import { credits, t, tOr } from '../i18n/index.ts'
import { labelOf, valueText } from '../make/params/field.ts'
import { useFile } from '../ui/useFile.ts'

/** The request as it was made: its photos, engine, settings, seed and price. */
export function Asked({ task }: { task: Task }) {
  const settings = Object.entries(task.params).filter(([name]) => name !== 'seed')
  return (
    <section className="panel" aria-labelledby="asked-title">
      <h2 id="asked-title">{t('asked.title')}</h2>
      {task.inputs.length > 0 && (
        <ul className="asked-photos">
          {task.inputs.map(({ role, file_id }) => (
            <li key={role}>
              <AskedPhoto fileId={file_id} name={tOr(`view.${role}`, t('asked.photo'))} />
            </li>
          ))}
        </ul>
      )}
      <dl className="understood">
        <Fact label={t('asked.engine')} value={`${task.model} ${task.model_version}`} />
        {settings.map(([name, value]) => (
          <Fact key={name} label={labelOf(name)} value={valueText(name, value)} />
        ))}
        <Fact label={t('param.seed')} value={String(task.seed)} />
        <Fact label={t('asked.price')} value={credits(task.price)} />
      </dl>
    </section>
  )
}

function AskedPhoto({ fileId, name }: { fileId: string; name: string }) {
  const { src } = useFile(fileUrl(fileId))
  return (
    <figure className="asked-photo">
      {src && <img src={src} alt={name} />}
      <figcaption className="faint">{name}</figcaption>
    </figure>
  )
}

const Fact = ({ label, value }: { label: string; value: string }) => (
  <div>
    <dt>{label}</dt>
    <dd>{value}</dd>
  </div>
)
