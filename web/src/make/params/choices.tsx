/** Controls of parameters that are chosen from a list. */
import { t } from '../../i18n/index.ts'
import { Swatch } from '../../ui/Swatch.tsx'
import { type ControlProps, valueText } from './field.ts'

export const Segments = ({ id, name, schema, now, onChange }: ControlProps) => (
  <div className="segments">
    {schema.enum!.map((choice) => (
      <label key={choice} className="segment">
        <input type="radio" name={id} checked={now === choice} onChange={() => onChange(choice)} />
        <span>{valueText(name, choice)}</span>
      </label>
    ))}
  </div>
)

export const Swatches = ({ id, schema, now, onChange }: ControlProps) => (
  <div className="swatches">
    {schema.enum!.map((color) => (
      <label key={color} className="swatch-choice">
        <input type="radio" name={id} checked={now === color} onChange={() => onChange(color)} />
        <Swatch color={String(color)} size={28} />
      </label>
    ))}
  </div>
)

export function SelectOne({ id, name, label, schema, now, describedBy, invalid, onChange }: ControlProps) {
  const choices = schema.enum!
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={now === undefined ? '' : String(now)}
        aria-describedby={describedBy}
        aria-invalid={invalid}
        onChange={({ target }) => onChange(choices.find((choice) => String(choice) === target.value))}
      >
        {schema.default === undefined && <option value="">{t('param.auto')}</option>}
        {choices.map((choice) => (
          <option key={choice} value={String(choice)}>
            {valueText(name, choice)}
          </option>
        ))}
      </select>
    </>
  )
}

export function Several({ name, schema, now, onChange }: ControlProps) {
  const chosen = Array.isArray(now) ? (now as unknown[]) : []
  const toggle = (choice: unknown): void => {
    const others = chosen.filter((other) => other !== choice)
    if (others.length === chosen.length) onChange([...chosen, choice])
    else if (others.length >= (schema.minItems ?? 0)) onChange(others)
  }
  return (
    <div className="segments">
      {schema.items!.enum!.map((choice) => (
        <label key={choice} className="segment">
          <input type="checkbox" checked={chosen.includes(choice)} onChange={() => toggle(choice)} />
          <span>{valueText(name, choice)}</span>
        </label>
      ))}
    </div>
  )
}

export const Tick = ({ id, label, now, describedBy, onChange }: ControlProps) => (
  <label className="tick">
    <input id={id} type="checkbox" checked={now === true} aria-describedby={describedBy} onChange={({ target }) => onChange(target.checked)} />
    <span>{label}</span>
  </label>
)
