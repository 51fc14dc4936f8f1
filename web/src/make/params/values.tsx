/** Controls of parameters that are set to a value. */
import { type ChangeEvent, useState } from 'react'
import { t } from '../../i18n/index.ts'
import { Swatch } from '../../ui/Swatch.tsx'
import { type ControlProps, isColor, typeOf, valueText } from './field.ts'
import { scaleOf } from './scale.ts'

export function Slider({ id, name, label, schema, now, describedBy, onChange }: ControlProps) {
  const scale = scaleOf(schema.minimum!, schema.maximum!, typeOf(schema) === 'integer')
  const change = (step: number): void => {
    const next = scale.toValue(step)
    onChange(scale.toStep(next) === scale.toStep(Number(schema.default)) ? undefined : next)
  }
  return (
    <>
      <div className="param-head">
        <label htmlFor={id}>{label}</label>
        <output htmlFor={id}>{valueText(name, Number(now))}</output>
      </div>
      <input
        id={id}
        type="range"
        min={0}
        max={scale.steps}
        value={scale.toStep(Number(now))}
        aria-valuetext={valueText(name, Number(now))}
        aria-describedby={describedBy}
        onChange={({ target }) => change(target.valueAsNumber)}
      />
    </>
  )
}

export const NumberField = ({ id, label, schema, now, describedBy, invalid, onChange }: ControlProps) => (
  <>
    <label htmlFor={id}>{label}</label>
    <input
      id={id}
      type="number"
      inputMode={typeOf(schema) === 'integer' ? 'numeric' : 'decimal'}
      value={typeof now === 'number' ? now : ''}
      min={schema.minimum}
      max={schema.maximum}
      step={schema.multipleOf ?? (typeOf(schema) === 'integer' ? 1 : 'any')}
      placeholder={t('param.auto')}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      onChange={({ target }) => onChange(Number.isNaN(target.valueAsNumber) ? undefined : target.valueAsNumber)}
    />
  </>
)

export const TextField = ({ id, label, schema, now, describedBy, invalid, onChange }: ControlProps) => (
  <>
    <label htmlFor={id}>{label}</label>
    <input
      id={id}
      type="text"
      value={typeof now === 'string' ? now : ''}
      maxLength={schema.maxLength}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      onChange={({ target }) => onChange(target.value === '' ? undefined : target.value)}
    />
  </>
)

/** The engine's own examples as swatches, and any other colour; none is a choice too. */
export function ColorField({ id, label, schema, now, onChange }: ControlProps) {
  const offered = (schema.examples ?? []).filter(isColor)
  const isOther = isColor(now) && !offered.includes(now)
  return (
    <div className="swatches">
      <label className="segment">
        <input type="radio" name={id} checked={now === undefined} onChange={() => onChange(undefined)} />
        <span>{t('param.auto')}</span>
      </label>
      {offered.map((color) => (
        <label key={color} className="swatch-choice">
          <input type="radio" name={id} checked={now === color} onChange={() => onChange(color)} />
          <Swatch color={color} size={28} />
        </label>
      ))}
      <input
        type="color"
        className={isOther ? 'color-other color-chosen' : 'color-other'}
        aria-label={`${label}: ${t('param.color.other')}`}
        title={t('param.color.other')}
        value={isColor(now) ? now : '#808080'}
        onChange={({ target }) => onChange(target.value)}
      />
    </div>
  )
}

/** What no other control fits: as JSON, which must be whole to be sent. */
export function JsonField({ id, label, now, describedBy, invalid, onChange }: ControlProps) {
  const [text, setText] = useState(() => (now === undefined ? '' : JSON.stringify(now)))
  const change = ({ target }: ChangeEvent<HTMLInputElement>): void => {
    setText(target.value)
    try {
      onChange(target.value.trim() === '' ? undefined : JSON.parse(target.value))
      target.setCustomValidity('')
    } catch {
      target.setCustomValidity(t('param.fault.json'))
    }
  }
  return (
    <>
      <label htmlFor={id}>{label} (JSON)</label>
      <input
        id={id}
        type="text"
        spellCheck={false}
        value={text}
        aria-describedby={describedBy}
        aria-invalid={invalid}
        onChange={change}
      />
    </>
  )
}
