import type { MeshReport } from '../api/types.ts'
import { number, t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { Said } from './Said.tsx'
import { recognized } from './sentences.ts'
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

/** How large it comes out of a common printer: scaled down when it must be. Null when it is not known, or not printable as it is. */
export function printOf(report: MeshReport): { size: string; how: string } | null {
  const sides = sizeOf(report)
  if (sides === null || !report.printability) return null
  const longest = Math.max(...sides)
  const size = (n: number): string => t(sides[1] === longest ? 'report.prints.tall' : 'report.prints.long', { n: centimetres(n) })
  const bed = report.printability.hints.map(recognized).find((hint) => hint?.key === 'hint.bed')?.figures
  if (bed) {
    const { share, bed: most } = bed as { share: number; bed: number }
    return { size: size(Math.min((longest * share) / 100, most / 10)), how: t('report.prints.scaled', bed) }
  }
  return report.printability.printable ? { size: size(longest), how: t('report.prints.whole') } : null
}

/** The mesh report in plain words. */
export function Report({ report }: { report: MeshReport }) {
  const sides = sizeOf(report)
  const print = printOf(report)
  const hints = report.printability?.hints.filter((said) => !print || recognized(said)?.key !== 'hint.bed') ?? []
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
        {print && (
          <li>
            <Icon name="info" size={16} />
            <span>
              <strong>{print.size}</strong> <span className="faint">{print.how}</span>
            </span>
          </li>
        )}
        {hints.map((said) => (
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
