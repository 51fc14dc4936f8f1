import { useQuery } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import type { Model } from '../api/types.ts'
import type { Draft } from './draft.ts'

export type Engines = { fitting: Model[]; engine: Model | undefined; loaded: boolean; failure: unknown }

/** The engines that take what the draft holds, and the one that will be used: the chosen one, else the first. */
export function useEngines(draft: Draft): Engines {
  const { data, error } = useQuery({ queryKey: ['models'], queryFn: lathe.models, staleTime: 60_000 })
  const kind = draft.photo === null ? 'text' : 'image'
  const fitting = (data ?? []).filter((model) => model.kinds.includes(kind))
  const engine = fitting.find((model) => model.id === draft.engine) ?? fitting[0]
  return { fitting, engine, loaded: data !== undefined, failure: error }
}
