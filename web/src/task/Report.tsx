import type { MeshReport } from '../api/types.ts'
import { number, t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { Said } from './Said.tsx'
import { companionOf, ScaleFigure } from './ScaleFigure.tsx'

/** Width, height and depth in centimetres. */
export function sizeOf(report: MeshReport): [number, number, number] | null {
  const { size_mm, bounds_mm } = report
  const [low, high] = bounds_mm ?? []
  const sides = size_mm ?? (Array.isArray(low) && Array.isArray(high) ? high.map((top, axis) => top - (low[axis] ?? 0)) : [])
  if (sides.length !== 3) return null
  const [x, y, z] = sides.map((side) => side / 10)
  return [x!, y!, z!]
}

const centimetres = (value: number): string => number(value, value < 10 ? 1 : 0)

/** The mesh report in plain words. */
export function Report({ report }: { report: MeshReport }) {
  const sides = sizeOf(report)
  return (
    <section className="panel" aria-labelledby="report-title">
      <h2 id="report-title">{t('report.title')}</h2>
      {sides && (
        <div className="report-size">
          <ScaleFigure width={sides[0]} height={sides[1]} />
          <p>
            <strong className="report-dimensions">
              {t('report.dimensions', { x: centimetres(sides[0]), y: centimetres(sides[1]), z: centimetres(sides[2]) })}
            </strong>
            <span className="faint">{t('report.whd')}</span>
            <span className="faint">{t(`report.scale.${companionOf(Math.max(sides[0], sides[1]))}`)}</span>
          </p>
        </div>
      )}
      <ul className="facts">
        {report.watertight !== undefined && (
          <li>
            <Icon name={report.watertight ? 'check' : 'warning'} size={16} />
            <span>
              <strong>{t(report.watertight ? 'report.closed' : 'report.open')}</strong>{' '}
              <span className="faint">{t(report.watertight ? 'report.closed.hint' : 'report.open.hint')}</span>
            </span>
          </li>
        )}
        {report.faces !== undefined && (
          <li>
            <Icon name="wireframe" size={16} />
            <span>
              <strong>{t('report.faces', { n: report.faces })}</strong>
              {report.components !== undefined && <span className="faint">, {t('report.parts', { n: report.components })}</span>}
              {report.texture_size ? <span className="faint">, {t('report.texture', { n: report.texture_size })}</span> : null}
            </span>
          </li>
        )}
        {report.printability?.hints.map((said) => (
          <li key={said}>
            <Icon name="info" size={16} />
            <span>
              <Said text={said} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
