import type { Model, Params } from '../api/types.ts'
import { credits, t } from '../i18n/index.ts'
import { changeDraft } from './draft.ts'
import { ParamField } from './ParamField.tsx'

type SettingsProps = { engine: Model; fitting: Model[]; params: Params }

/** The engine and its parameters, drawn from its JSON Schema. Only what was changed is sent. */
export function Settings({ engine, fitting, params }: SettingsProps) {
  const schemas = Object.entries(engine.params_schema.properties ?? {})
  const change = (name: string, value: unknown): void => {
    const { [name]: _, ...rest } = params
    const isDefault = JSON.stringify(value) === JSON.stringify(engine.params_schema.properties?.[name]?.default)
    changeDraft({ params: value === undefined || isDefault ? rest : { ...rest, [name]: value } })
  }
  return (
    <div className="settings">
      {fitting.length > 1 && (
        <fieldset className="param">
          <legend>{t('make.engine')}</legend>
          <div className="segments">
            {fitting.map((model) => (
              <label key={model.id} className="segment">
                <input
                  type="radio"
                  name="engine"
                  checked={model.id === engine.id}
                  onChange={() => changeDraft({ engine: model.id, params: {} })}
                />
                <span>
                  {model.title} · {credits(model.price)}
                </span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      {fitting.length === 1 && (
        <p className="settings-engine faint">
          {engine.title} · <code>{engine.id}</code> {engine.version}
        </p>
      )}
      {schemas.map(([name, schema]) => (
        <ParamField key={`${engine.id}/${name}`} name={name} schema={schema} value={params[name]} onChange={change} />
      ))}
      {engine.params_schema.properties?.['seed'] === undefined && (
        <ParamField
          name="seed"
          schema={{ type: 'integer', minimum: 0, description: t('param.seed.hint') }}
          value={params['seed']}
          onChange={change}
        />
      )}
      {Object.keys(params).length > 0 && (
        <button type="button" className="button button-quiet" onClick={() => changeDraft({ params: {} })}>
          {t('make.settings.reset')}
        </button>
      )}
    </div>
  )
}
