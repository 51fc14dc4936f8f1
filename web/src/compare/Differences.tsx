import { t } from '../i18n/index.ts'
import { type Fact, factsOf } from './facts.ts'
import type { Side } from './useSide.ts'

/** What differs between the two, then what is the same, in a table. */
export function Differences({ left, right }: { left: Side; right: Side }) {
  const [ours, theirs] = [factsOf(left.task!, left.result), factsOf(right.task!, right.result)]
  const labels = [...new Set([...ours, ...theirs].map((fact) => fact.label))]
  const rows = labels.map((label) => ({ label, left: valueOf(ours, label), right: valueOf(theirs, label) }))
  const differing = rows.filter((row) => row.left !== row.right)
  const same = rows.filter((row) => row.left === row.right)
  return (
    <section className="section" aria-labelledby="differences-title">
      <h2 id="differences-title">{t('compare.differences')}</h2>
      <table className="differences">
        <thead className="visually-hidden">
          <tr>
            <th scope="col">{t('compare.what')}</th>
            <th scope="col">{t('compare.left')}</th>
            <th scope="col">{t('compare.right')}</th>
          </tr>
        </thead>
        <tbody>
          {[...differing, ...same].map((row) => (
            <tr key={row.label} className={row.left === row.right ? 'same' : 'different'}>
              <th scope="row">{row.label}</th>
              <td>{row.left}</td>
              <td>{row.right}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

const valueOf = (facts: Fact[], label: string): string => facts.find((fact) => fact.label === label)?.value ?? '–'
