import { useQuery } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import * as lathe from '../api/lathe.ts'
import type { Entrance, SessionState } from '../api/session.ts'
import type { Profile } from '../api/types.ts'

export const useSessionState = (): SessionState =>
  useSyncExternalStore(lathe.session.subscribe, () => lathe.session.state)

export const useLoginDemanded = (): Entrance | null =>
  useSyncExternalStore(lathe.session.subscribe, () => lathe.session.demanded)

export const useServerLost = (): boolean =>
  useSyncExternalStore(lathe.session.subscribe, () => lathe.session.unreachable)

/** Is there an account whose things may be asked for? An expired session counts: its requests wait for the login. */
export function useSignedIn(): boolean {
  const state = useSessionState()
  return state === 'active' || state === 'expired'
}

export function useAccount(): { profile: Profile | undefined; failure: unknown; reload: () => void } {
  const enabled = useSignedIn()
  const { data, error, refetch } = useQuery({ queryKey: ['profile'], queryFn: lathe.profile, enabled })
  return { profile: enabled ? data : undefined, failure: error, reload: () => void refetch() }
}

export const useProfile = (): Profile | undefined => useAccount().profile

/** May this person see how the service runs? */
export const useIsOperator = (): boolean => ['operator', 'admin'].includes(useProfile()?.role ?? '')
