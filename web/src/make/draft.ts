import { useSyncExternalStore } from 'react'
import type { Params, Task } from '../api/types.ts'
import { settingsOf } from './changes.ts'

/** Sides from which a photo may be taken, in the order in which they are offered. */
export const VIEWS = ['front', 'left', 'back', 'right', 'top', 'bottom'] as const
export type View = (typeof VIEWS)[number]
export type Photo = { view: View; file: File }

/** What somebody is about to send. It outlives the Make page, so that a look at another page loses nothing. */
export type Draft = {
  prompt: string
  /** Each from another side; a single one is just a photo. */
  photos: readonly Photo[]
  /** The chosen engine; null: the usual one for the input. */
  engine: string | null
  /** Only what differs from the engine's defaults. */
  params: Params
  /** The task that this one is made anew from: its photos and settings stay where they are not changed. */
  parent: Task | null
}

const PROMPT = 'lathe.prompt'
const BLANK: Draft = { prompt: '', photos: [], engine: null, params: {}, parent: null }
const listeners = new Set<() => void>()
let draft: Draft = { ...BLANK, prompt: sessionStorage.getItem(PROMPT) ?? '' }

export function changeDraft(change: Partial<Draft>): void {
  draft = { ...draft, ...change }
  sessionStorage.setItem(PROMPT, draft.prompt)
  for (const listener of listeners) listener()
}

/** After sending: the settings stay for the next one, unless they were somebody else's. */
export const clearDraft = (): void =>
  changeDraft(draft.parent === null ? { prompt: '', photos: [] } : BLANK)

/** Begin from a task: its words, photos, engine and settings, ready to be changed. */
export const forkDraft = (task: Task, prompt = task.prompt ?? ''): void =>
  changeDraft({ prompt, photos: [], engine: task.model, params: settingsOf(task), parent: task })

/** One more photo, at the first side that is still free; the seventh takes the place of the last. */
export function addPhoto(file: File, single: boolean): void {
  const free = VIEWS.find((view) => draft.photos.every((photo) => photo.view !== view))
  const others = single ? [] : free === undefined ? draft.photos.slice(0, -1) : draft.photos
  const view = single ? 'front' : (free ?? draft.photos.at(-1)!.view)
  changeDraft({ photos: [...others, { view, file }], parent: null })
}

export const removePhoto = (gone: Photo): void =>
  changeDraft({ photos: draft.photos.filter((photo) => photo !== gone) })

/** Says from where `turned` was taken; a photo that stood there takes its old place. */
export const turnPhoto = (turned: Photo, view: View): void =>
  changeDraft({
    photos: draft.photos.map((photo) => {
      if (photo === turned) return { ...photo, view }
      return photo.view === view ? { ...photo, view: turned.view } : photo
    }),
  })

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useDraft = (): Draft => useSyncExternalStore(subscribe, () => draft)
