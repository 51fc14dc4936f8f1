import { useSyncExternalStore } from 'react'
import type { Params } from '../api/types.ts'

/** What somebody is about to send. It outlives the Make page, so that a look at another page loses nothing. */
export type Draft = {
  prompt: string
  photo: File | null
  /** The chosen engine; null: the usual one for the input. */
  engine: string | null
  /** Only what differs from the engine's defaults. */
  params: Params
}

const PROMPT = 'lathe.prompt'
const listeners = new Set<() => void>()
let draft: Draft = { prompt: sessionStorage.getItem(PROMPT) ?? '', photo: null, engine: null, params: {} }

export function changeDraft(change: Partial<Draft>): void {
  draft = { ...draft, ...change }
  sessionStorage.setItem(PROMPT, draft.prompt)
  for (const listener of listeners) listener()
}

export const clearDraft = (): void => changeDraft({ prompt: '', photo: null })

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useDraft = (): Draft => useSyncExternalStore(subscribe, () => draft)
