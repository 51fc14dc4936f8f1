const RINGS = 34
const [WIDTH, HEIGHT] = [240, 320]

/** The outline of a baluster: radius (0..1) at height `t` (0 below, 1 above). */
function radiusAt(t: number): number {
  if (t < 0.06) return 0.82
  if (t < 0.1) return 0.66
  const belly = Math.exp(-(((t - 0.34) / 0.17) ** 2)) * 0.72
  const collar = Math.exp(-(((t - 0.74) / 0.035) ** 2)) * 0.26
  const top = t > 0.9 ? 0.36 : 0
  return Math.max(0.2 + belly + collar, top)
}

const rings = Array.from({ length: RINGS }, (_, index) => {
  const t = index / (RINGS - 1)
  const rx = radiusAt(t) * (WIDTH * 0.42)
  return { t, rx, ry: rx * 0.24, y: HEIGHT - 40 - t * (HEIGHT - 70) }
})

/** The work as it grows: a piece on the lathe, turned ring by ring from the foot up as far as the progress says. */
export function Turning({ progress }: { progress: number }) {
  const edge = rings[Math.min(RINGS - 1, Math.floor(progress * RINGS))]!
  return (
    <svg className="turning" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" focusable="false">
      {rings.map(({ t, rx, ry, y }) => (
        <ellipse
          key={t}
          className={t < progress ? 'ring ring-cut' : 'ring'}
          cx={WIDTH / 2}
          cy={y}
          rx={rx}
          ry={ry}
          pathLength={100}
        />
      ))}
      {progress > 0 && progress < 1 && <circle className="turning-tool" cx={WIDTH / 2 + edge.rx} cy={edge.y} r={5} />}
    </svg>
  )
}
