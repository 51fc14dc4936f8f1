import { type FormEvent, useId, useState } from 'react'
import type { ParamSchema } from '../../api/types.ts'
import { tOr } from '../../i18n/index.ts'
import { Segments, SelectOne, Several, Swatches, Tick } from './choices.tsx'
import { type Control, type ControlProps, controlOf, labelOf } from './field.ts'
import { faultOf } from './fault.ts'
import { ColorField, JsonField, NumberField, Slider, TextField } from './values.tsx'

const CONTROLS: Readonly<Record<Control, (props: ControlProps) => React.ReactNode>> = {
  swatches: Swatches,
  segments: Segments,
  select: SelectOne,
  several: Several,
  tick: Tick,
  slider: Slider,
  number: NumberField,
  color: ColorField,
  text: TextField,
  json: JsonField,
}
/** Those that are a group of controls, and so need a legend instead of a label. */
const GROUPS: readonly Control[] = ['swatches', 'segments', 'several', 'color']

type FieldProps = {
  name: string
  schema: ParamSchema
  value: unknown
  onChange: (name: string, value: unknown) => void
  /** What the server said against the value that was sent. */
  error: string | undefined
}

/** One parameter of an engine as the control that fits its schema, with what there is to say about it. */
export function ParamField({ name, schema, value, onChange, error }: FieldProps) {
  const id = useId()
  const [fault, setFault] = useState<{ value: unknown; text: string } | null>(null)
  const wrong = fault !== null && fault.value === value ? fault.text : error
  const find = ({ target }: FormEvent): void => setFault({ value, text: faultOf(target as HTMLInputElement, schema) })
  const control = controlOf(schema)
  const label = labelOf(name, schema)
  const hint = tOr(`param.${name}.hint`, schema.description ?? '')
  const describedBy = wrong ?? hint ? `${id}-hint` : undefined
  const Shown = CONTROLS[control]
  const content = (
    <>
      <Shown
        id={id}
        name={name}
        label={label}
        schema={schema}
        now={value ?? schema.default}
        describedBy={describedBy}
        invalid={wrong !== undefined}
        onChange={(next) => onChange(name, next)}
      />
      {wrong !== undefined ? (
        <p id={`${id}-hint`} className="error-text" role="alert">
          {wrong}
        </p>
      ) : (
        hint && (
          <p id={`${id}-hint`} className="hint">
            {hint}
          </p>
        )
      )}
    </>
  )
  if (!GROUPS.includes(control)) {
    return (
      <div className="param" onInvalidCapture={find}>
        {content}
      </div>
    )
  }
  return (
    <fieldset className="param" aria-describedby={describedBy}>
      <legend>{label}</legend>
      {content}
    </fieldset>
  )
}
