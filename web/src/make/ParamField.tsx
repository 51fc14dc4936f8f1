import { useId } from 'react'
import type { ParamSchema } from '../api/types.ts'
import { number, readable, t, tOr } from '../i18n/index.ts'
import { scaleOf } from './scale.ts'

type FieldProps = { name: string; schema: ParamSchema; value: unknown; onChange: (name: string, value: unknown) => void }

/** One parameter as the control that fits its schema: choices, ticks, a slider, swatches or a plain field. */
export function ParamField({ name, schema, value, onChange }: FieldProps) {
  const id = useId()
  const label = tOr(`param.${name}`, schema.title ?? readable(name))
  const change = (next: unknown): void => onChange(name, next)
  const now = value ?? schema.default
  const hint = schema.description && (
    <p id={`${id}-hint`} className="hint">
      {schema.description}
    </p>
  )

  if (schema.enum !== undefined) {
    return (
      <fieldset className="param" aria-describedby={hint ? `${id}-hint` : undefined}>
        <legend>{label}</legend>
        <div className="segments">
          {schema.enum.map((choice) => (
            <label key={choice} className="segment">
              <input type="radio" name={id} checked={now === choice} onChange={() => change(choice)} />
              <span>{choiceText(name, choice)}</span>
            </label>
          ))}
        </div>
        {hint}
      </fieldset>
    )
  }

  if (schema.type === 'array' && schema.items?.enum !== undefined) {
    const chosen = Array.isArray(now) ? (now as string[]) : []
    const least = schema.minItems ?? 0
    return (
      <fieldset className="param" aria-describedby={hint ? `${id}-hint` : undefined}>
        <legend>{label}</legend>
        <div className="segments">
          {schema.items.enum.map((choice) => {
            const on = chosen.includes(choice)
            const others = chosen.filter((other) => other !== choice)
            return (
              <label key={choice} className="segment">
                <input
                  type="checkbox"
                  checked={on}
                  onChange={() => {
                    if (!on) change([...chosen, choice])
                    else if (others.length >= least) change(others)
                  }}
                />
                <span>{choice.toUpperCase()}</span>
              </label>
            )
          })}
        </div>
        {hint}
      </fieldset>
    )
  }

  if (schema.type === 'boolean') {
    return (
      <div className="param">
        <label className="tick">
          <input type="checkbox" checked={now === true} onChange={(event) => change(event.target.checked)} />
          <span>{label}</span>
        </label>
        {hint}
      </div>
    )
  }

  const isNumber = schema.type === 'integer' || schema.type === 'number'
  if (isNumber && schema.minimum !== undefined && schema.maximum !== undefined && typeof schema.default === 'number') {
    const scale = scaleOf(schema.minimum, schema.maximum, schema.type === 'integer')
    return (
      <div className="param">
        <div className="param-head">
          <label htmlFor={id}>{label}</label>
          <output htmlFor={id}>{unit(name, Number(now))}</output>
        </div>
        <input
          id={id}
          type="range"
          min={0}
          max={scale.steps}
          value={scale.toStep(Number(now))}
          aria-valuetext={unit(name, Number(now))}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onChange={(event) => {
            const next = scale.toValue(Number(event.target.value))
            change(scale.toStep(next) === scale.toStep(Number(schema.default)) ? undefined : next)
          }}
        />
        {hint}
      </div>
    )
  }

  return (
    <div className="param">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={isNumber ? 'number' : schema.format === 'color' ? 'color' : 'text'}
        value={typeof now === 'string' || typeof now === 'number' ? now : ''}
        min={schema.minimum}
        max={schema.maximum}
        step={schema.type === 'integer' ? 1 : 'any'}
        placeholder={name === 'size' ? t('param.auto') : undefined}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={({ target }) => change(target.value === '' ? undefined : isNumber ? target.valueAsNumber : target.value)}
      />
      {hint}
    </div>
  )
}

const choiceText = (name: string, choice: string | number): string =>
  typeof choice === 'number' ? unit(name, choice) : tOr(`value.${choice}`, readable(choice))

const unit = (name: string, value: number): string => tOr(`param.unit.${name}`, number(value), { n: value })
