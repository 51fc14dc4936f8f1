import { number, percent, t } from '../i18n/index.ts'
import { Section, Table } from './Section.tsx'
import { useRebuilds } from './useWatched.ts'

export function Rebuilds() {
  const { data, error, isPending } = useRebuilds()
  return (
    <Section title={t('operator.rebuilds')} failure={error} loading={isPending}>
      <Table
        label={t('operator.rebuilds')}
        empty={t('operator.rebuilds.none')}
        columns={[
          { name: t('operator.rebuilds.schema') },
          { name: t('operator.rebuilds.state') },
          { name: t('task.progress'), numeric: true },
          { name: t('operator.rebuilds.eta'), numeric: true },
        ]}
        rows={(data?.items ?? []).map((rebuild) => ({
          key: rebuild.schema,
          alarm: rebuild.state === 'failed',
          cells: [
            <code key="schema">{rebuild.schema}</code>,
            t(`rebuild.${rebuild.state}`),
            percent(rebuild.done),
            rebuild.eta_s === null ? '–' : t('stage.seconds', { n: number(rebuild.eta_s, 0) }),
          ],
        }))}
      />
    </Section>
  )
}
