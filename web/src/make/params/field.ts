import type { ParamSchema, SchemaType } from '../../api/types.ts'
import { number, readable, tOr } from '../../i18n/index.ts'

/** What each control of a parameter is given. `onChange(undefined)` goes back to the engine's usual value. */
export type ControlProps = {
  id: string
  name: string
  label: string
  schema: ParamSchema
  now: unknown
  /** Id of the words below the control, if there are some. */
  describedBy: string | undefined
  invalid: boolean
  onChange: (value: unknown) => void
}

export type Control = 'swatches' | 'segments' | 'select' | 'several' | 'tick' | 'slider' | 'number' | 'color' | 'text' | 'json'

const COLOR = /^#[0-9a-f]{6}$/i
const FEW = 6

export const isColor = (value: unknown): value is string => typeof value === 'string' && COLOR.test(value)

/** The type that is meant when `null` is allowed besides. */
export const typeOf = ({ type }: ParamSchema): SchemaType | undefined =>
  Array.isArray(type) ? type.find((one) => one !== 'null') : type

/** The control that fits a parameter's JSON Schema. What the page does not know is shown as JSON rather than hidden. */
export function controlOf(schema: ParamSchema): Control {
  const type = typeOf(schema)
  if (schema.enum !== undefined) {
    if (schema.enum.every(isColor)) return 'swatches'
    return schema.enum.length <= FEW ? 'segments' : 'select'
  }
  switch (type) {
    case 'array':
      return schema.items?.enum === undefined ? 'json' : 'several'
    case 'boolean':
      return 'tick'
    case 'integer':
    case 'number':
      return schema.minimum !== undefined && schema.maximum !== undefined && typeof schema.default === 'number'
        ? 'slider'
        : 'number'
    case 'string':
      return schema.format === 'color' ? 'color' : 'text'
    default:
      return 'json'
  }
}

export const valueText = (name: string, value: unknown): string => {
  if (typeof value === 'number') return tOr(`param.unit.${name}`, number(value), { n: value })
  if (Array.isArray(value)) return value.map((one) => valueText(name, one)).join(', ')
  if (typeof value === 'boolean') return tOr(value ? 'understood.yes' : 'understood.no', String(value))
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return name === 'formats' ? text.toUpperCase() : tOr(`value.${text}`, readable(text))
}

export const labelOf = (name: string, schema?: ParamSchema): string =>
  tOr(`param.${name}`, schema?.title ?? readable(name))
