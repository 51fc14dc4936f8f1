/**
 * The steps of a slider between two bounds. Wide ranges are spaced by ratio, so that 500 … 200,000 is as easy to set at
 * its low end as at its high one, and values are rounded to what a person would have typed.
 */
export type Scale = { steps: number; toStep(value: number): number; toValue(step: number): number }

/** 10.5 %: the smallest step of which two never round to the same two digits. */
const STEP = Math.log(1.105)

export function scaleOf(low: number, high: number, whole: boolean): Scale {
  if (low > 0 && high / low >= 50) {
    const ratio = Math.log(high / low)
    const steps = Math.floor(ratio / STEP)
    return {
      steps,
      toStep: (value) => Math.round((Math.log(value / low) / ratio) * steps),
      toValue: (step) => {
        const value = low * Math.exp((step / steps) * ratio)
        const rounded = Number(value.toPrecision(2))
        return Math.min(high, Math.max(low, whole ? Math.round(rounded) : rounded))
      },
    }
  }
  const steps = whole ? Math.min(200, high - low) : 100
  const width = (high - low) / steps
  return {
    steps,
    toStep: (value) => Math.round((value - low) / width),
    toValue: (step) => (whole ? Math.round(low + step * width) : Number((low + step * width).toPrecision(6))),
  }
}
