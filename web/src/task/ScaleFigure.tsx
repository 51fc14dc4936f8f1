/** Things whose size everybody knows, in centimetres. */
const KNOWN = {
  person: { width: 48, height: 175 },
  sheet: { width: 21, height: 29.7 },
  card: { width: 8.56, height: 5.4 },
} as const

const SIDE = 88

/** What a model of this longest side, in centimetres, is shown beside. */
export function companionOf(longest: number): keyof typeof KNOWN {
  if (longest >= 60) return 'person'
  return longest >= 12 ? 'sheet' : 'card'
}

/** The model's front as a box beside something of known size, both to the same scale. Sides in centimetres. */
export function ScaleFigure({ width, height }: { width: number; height: number }) {
  const name = companionOf(Math.max(width, height))
  const known = KNOWN[name]
  const gap = 0.08 * Math.max(known.height, height)
  const all = known.width + gap + width
  const scale = SIDE / Math.max(all, known.height, height)
  const left = (SIDE - all * scale) / 2
  return (
    <svg className="scale-figure" viewBox={`0 0 ${SIDE} ${SIDE}`} aria-hidden="true" focusable="false">
      <g transform={`translate(${left} ${SIDE}) scale(${scale})`}>
        {name === 'person' ? (
          <path className="scale-known" d={PERSON} />
        ) : (
          <rect className="scale-known" width={known.width} height={known.height} y={-known.height} rx={known.width * 0.04} />
        )}
        <rect className="scale-model" x={known.width + gap} y={-height} width={width} height={height} />
      </g>
    </svg>
  )
}

/** A standing person, 48 × 175, feet at the origin. */
const PERSON =
  'M24-175a11 11 0 1 1 0 23 11 11 0 0 1 0-23zM13-149h22a11 11 0 0 1 11 11v50a4.500 4.500 0 0 1-9 0v-42h-2V-4.500a4.500 4.500 0 0 1-9.500 0V-78h-3v73.500a4.500 4.500 0 0 1-9.500 0V-130h-2v42a4.500 4.500 0 0 1-9 0v-50a11 11 0 0 1 11-11z'
