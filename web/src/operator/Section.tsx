import { type ReactNode, useId } from 'react'
import { Failure } from '../ui/Notice.tsx'

type SectionProps = { title: string; failure: unknown; loading: boolean; children: ReactNode; aside?: ReactNode }

/** One part of the operator's page: its title, and what it shows, or why it cannot. */
export function Section({ title, failure, loading, children, aside }: SectionProps) {
  const id = useId()
  return (
    <section className="section" tabIndex={-1} aria-labelledby={id} aria-busy={loading}>
      <div className="section-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {failure !== null && <Failure failure={failure} />}
      {loading && failure === null ? <div className="bone bone-row" /> : children}
    </section>
  )
}

type Column = { name: string; numeric?: boolean }
type TableProps = { label: string; columns: Column[]; rows: { key: string; cells: ReactNode[]; alarm?: boolean }[]; empty: string }

/** A table whose first column names its rows. It scrolls sideways by itself when it is wider than its place. */
export function Table({ label, columns, rows, empty }: TableProps) {
  if (rows.length === 0) return <p className="faint">{empty}</p>
  return (
    <div className="table-scroll" role="group" aria-label={label} tabIndex={0}>
      <table className="figures">
        <thead>
          <tr>
            {columns.map(({ name, numeric }) => (
              <th key={name} scope="col" className={numeric ? 'figure' : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells, alarm }) => (
            <tr key={key} className={alarm ? 'alarm' : undefined}>
              {cells.map((cell, index) =>
                index === 0 ? (
                  <th key={columns[0]!.name} scope="row">
                    {cell}
                  </th>
                ) : (
                  <td key={columns[index]!.name} className={columns[index]!.numeric ? 'figure' : undefined}>
                    {cell}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
