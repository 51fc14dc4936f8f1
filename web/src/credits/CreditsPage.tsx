import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef } from 'react'
import * as lathe from '../api/lathe.ts'
import type { Balance, Profile } from '../api/types.ts'
import { refresh } from '../app/queries.ts'
import { useTitle } from '../app/useTitle.ts'
import { Gate } from '../auth/Gate.tsx'
import { useProfile, useSignedIn } from '../auth/useSession.ts'
import { number, t } from '../i18n/index.ts'
import { Failure } from '../ui/Notice.tsx'
import { OnSight } from '../ui/OnSight.tsx'
import { Ledger } from './Ledger.tsx'

const PAGE = 50
const WALLET = ['wallet']
const HISTORY = [...WALLET, 'transactions']
/** What is reserved changes when its task ends, wherever that runs. */
const EVERY_MS = 3000

export function CreditsPage() {
  useTitle(t('nav.credits'))
  return (
    <Gate title={t('auth.gate')}>
      <Wallet />
    </Gate>
  )
}

function Wallet() {
  const enabled = useSignedIn()
  const profile = useProfile()
  const { data: balance } = useQuery({
    queryKey: [...WALLET, 'balance'],
    queryFn: lathe.balance,
    enabled,
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data !== undefined && state.data.reserved > 0 ? EVERY_MS : false),
  })
  useFollowing(profile, balance)
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    queryKey: HISTORY,
    queryFn: ({ pageParam }) => lathe.transactions(pageParam, PAGE),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled,
    staleTime: 0,
  })
  const rows = data?.pages.flatMap((page) => page.items) ?? []
  const more = (): void => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }
  return (
    <div className="page page-narrow">
      <h1>{t('credits.title')}</h1>
      <dl className="amounts">
        <Amount label={t('credits.free')} value={balance?.available ?? profile?.balance} main />
        <Amount label={t('credits.reserved')} value={balance?.reserved ?? profile?.reserved} />
      </dl>
      <p className="hint">{t('credits.how')}</p>
      <section className="section" aria-labelledby="history-title">
        <h2 id="history-title">{t('credits.history')}</h2>
        {error !== null && <Failure failure={error} onRetry={() => void refetch()} />}
        {!isPending && error === null && rows.length === 0 && <p className="lead">{t('credits.none')}</p>}
        {isPending && <div className="bone bone-panel" aria-busy="true" />}
        {rows.length > 0 && <Ledger rows={rows} />}
        {hasNextPage && (
          <div className="more">
            <OnSight onSight={more} />
            <button type="button" className="button" aria-disabled={isFetchingNextPage} onClick={more}>
              {t('mine.more')}
            </button>
          </div>
        )}
      </section>
    </div>
  )
}

/** The header and the wallet are asked apart: when one has changed, what the other tells is asked for again, once. */
function useFollowing(profile: Profile | undefined, balance: Balance | undefined): void {
  const inHeader = profile && `${profile.balance}/${profile.reserved}`
  const inWallet = balance && `${balance.available}/${balance.reserved}`
  useChange(inHeader, () => inHeader !== inWallet && void refresh(WALLET))
  useChange(inWallet, () => {
    void refresh(HISTORY)
    if (inHeader !== inWallet) void refresh(['profile'])
  })
}

/** Does `follow` when `state` becomes another, not when it is first known. */
function useChange(state: string | undefined, follow: () => void): void {
  const before = useRef(state)
  const onChange = useEffectEvent(follow)
  useEffect(() => {
    if (before.current !== undefined && before.current !== state) onChange()
    before.current = state
  }, [state])
}

const Amount = ({ label, value, main = false }: { label: string; value: number | undefined; main?: boolean }) => (
  <div className={main ? 'amount amount-main' : 'amount'}>
    <dt>{label}</dt>
    <dd>{value === undefined ? '–' : number(value)}</dd>
  </div>
)
