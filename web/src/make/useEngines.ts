import { useQuery } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import { Problem } from '../api/problem.ts'
import type { Kind, Model, Task } from '../api/types.ts'
import { refresh } from '../app/queries.ts'
import type { Draft } from './draft.ts'

export type Engines = {
  fitting: Model[]
  engine: Model | undefined
  loaded: boolean
  failure: unknown
  /** Is there an engine that takes photos from several sides? */
  takesViews: boolean
}

const MODELS = ['models']
const useModels = () => useQuery({ queryKey: MODELS, queryFn: lathe.models, staleTime: 60_000 })

/** What a task with the model of `task` costs now. As long as that is not known: what `task` did. */
export function usePrice({ model, price }: Pick<Task, 'model' | 'price'>): number {
  const { data = [] } = useModels()
  return data.find(({ id }) => id === model)?.price ?? price
}

/** Who is refused because the price has risen is shown the new one. */
export function lookAtPrices(failure: unknown): void {
  if (failure instanceof Problem && failure.code === 'price-changed') void refresh(MODELS)
}

/** The engines that take what the draft holds, and the one that will be used: the chosen one, else the first. */
export function useEngines(draft: Draft): Engines {
  const { data = [], error, isSuccess } = useModels()
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
