import { useState } from 'react'
import { number, t, tOr } from '../i18n/index.ts'
import { byTopic } from './byTopic.ts'
import { Section, Table } from './Section.tsx'
import { useLag } from './useWatched.ts'

/** How far each reader is behind the log: by topic, or for every partition. */
export function Lag() {
  const { data, error, isPending } = useLag()
  const [every, setEvery] = useState(false)
  const readers = data?.items ?? []
  const rows = every ? readers.map((reader) => ({ ...reader, partitions: 1 })) : byTopic(readers)
  return (
    <Section
      title={t('operator.lag')}
      failure={error}
      loading={isPending}
      aside={
        <label className="tick">
          <input type="checkbox" checked={every} onChange={({ target }) => setEvery(target.checked)} />
          <span>{t('operator.lag.every')}</span>
        </label>
      }
    >
      <Table
        label={t('operator.lag')}
        empty={t('operator.none')}
        columns={[
          { name: t('operator.lag.reader') },
          { name: t('operator.lag.topic') },
          { name: every ? t('operator.lag.partition') : t('operator.lag.partitions'), numeric: true },
          { name: t('operator.lag.position'), numeric: true },
          { name: t('operator.lag.end'), numeric: true },
          { name: t('operator.lag.behind'), numeric: true },
          { name: t('operator.lag.parked'), numeric: true },
        ]}
        rows={rows.map((row) => ({
          key: `${row.projection}/${row.topic}/${row.partition}`,
          alarm: row.parked > 0 || row.behind > 1000,
          cells: [
            tOr(`reader.${row.projection}`, row.projection),
            <code key="topic">{row.topic}</code>,
            every ? row.partition : row.partitions,
            number(row.position),
            number(row.end),
            number(row.behind),
            number(row.parked),
          ],
        }))}
      />
    </Section>
  )
}
