import type { Problem } from '../api/problem.ts'
import type { Model, ParamSchema, Params } from '../api/types.ts'
import { credits, t, tOr } from '../i18n/index.ts'
import { changeDraft, setParams } from './draft.ts'
import { ParamField } from './params/ParamField.tsx'

type SettingsProps = { engine: Model; fitting: Model[]; params: Params; problem: Problem | null }

const SEED: ParamSchema = { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 }

/** The engine and its parameters, drawn from its JSON Schema. Only what was changed is sent. */
export function Settings({ engine, fitting, params, problem }: SettingsProps) {
  const properties = engine.params_schema.properties ?? {}
  const fields: Record<string, ParamSchema> = { ...properties, seed: properties['seed'] ?? SEED }
  const change = (name: string, value: unknown): void => {
    const { [name]: _, ...rest } = params
    const isDefault = JSON.stringify(value) === JSON.stringify(fields[name]?.default)
    setParams(engine.id, value === undefined || isDefault ? rest : { ...rest, [name]: value })
  }
  return (
    <div className="settings">
      {fitting.length > 1 ? (
        <Engines engine={engine} fitting={fitting} />
      ) : (
        <p className="settings-engine faint">
          {titleOf(engine)} · <code>{engine.id}</code> {engine.version}
        </p>
      )}
      {Object.entries(fields).map(([name, schema]) => (
        <ParamField
          key={`${engine.id}/${name}`}
          name={name}
          schema={schema}
          value={params[name]}
          error={problem?.about(`/params/${name}`)}
          onChange={change}
        />
      ))}
      {Object.keys(params).length > 0 && (
        <button type="button" className="button button-quiet" onClick={() => setParams(engine.id, {})}>
          {t('make.settings.reset')}
        </button>
      )}
    </div>
  )
}

const titleOf = (engine: Model): string => tOr(`engine.${engine.id}`, engine.title)

const Engines = ({ engine, fitting }: { engine: Model; fitting: Model[] }) => (
  <fieldset className="param engines">
    <legend>{t('make.engine')}</legend>
    <div className="engine-choices">
      {fitting.map((model) => (
        <div key={model.id} className="engine-choice">
          <input
            type="radio"
            name="engine"
            aria-label={titleOf(model)}
            checked={model.id === engine.id}
            onChange={() => changeDraft({ engine: model.id })}
          />
          <span className="engine-card">
            <strong>{titleOf(model)}</strong>
            <span className="faint">
              {model.id} {model.version} · {credits(model.price)} · {t('stage.eta', { seconds: Math.max(1, Math.round(model.typical_seconds)) })}
            </span>
          </span>
        </div>
      ))}
    </div>
  </fieldset>
)
