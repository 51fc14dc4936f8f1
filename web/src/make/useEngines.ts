import { useQuery } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import type { Kind, Model } from '../api/types.ts'
import type { Draft } from './draft.ts'

export type Engines = {
  fitting: Model[]
  engine: Model | undefined
  loaded: boolean
  failure: unknown
  /** Is there an engine that takes photos from several sides? */
  takesViews: boolean
}

/** The engines that take what the draft holds, and the one that will be used: the chosen one, else the first. */
export function useEngines(draft: Draft): Engines {
  const { data = [], error, isSuccess } = useQuery({ queryKey: ['models'], queryFn: lathe.models, staleTime: 60_000 })
  const kind = kindOf(draft)
  const fitting = data.filter((model) => model.kinds.includes(kind))
  const engine = fitting.find((model) => model.id === draft.engine) ?? fitting[0]
  const takesViews = data.some((model) => model.kinds.includes('images'))
  return { fitting, engine, loaded: isSuccess, failure: error, takesViews }
}

export function kindOf({ photos, parent }: Draft): Kind {
  const roles = photos.length > 0 ? photos.map(() => 'image') : (parent?.inputs ?? []).map((input) => input.role)
  if (roles.length === 0) return 'text'
  return roles.length === 1 && roles[0] === 'image' ? 'image' : 'images'
}
