import type { ParamSchema } from '../../api/types.ts'
import { t } from '../../i18n/index.ts'

/** What is wrong with what a field holds, in the page's language; the browser has words of its own. */
export function faultOf({ validity, validationMessage }: HTMLInputElement, schema: ParamSchema): string {
  if (validity.customError) return validationMessage
  if (validity.rangeUnderflow) return t('param.fault.least', { least: schema.minimum! })
  if (validity.rangeOverflow) return t('param.fault.most', { most: schema.maximum! })
  if (!validity.stepMismatch) return t('param.fault.number')
  return schema.multipleOf === undefined ? t('param.fault.whole') : t('param.fault.step', { step: schema.multipleOf })
}
