import { useSyncExternalStore } from 'react'
import { session } from '../api/lathe.ts'
import type { Params, Task } from '../api/types.ts'
import { settingsOf } from './changes.ts'

/** Sides from which a photo may be taken, in the order in which they are offered. */
export const VIEWS = ['front', 'left', 'back', 'right', 'top', 'bottom'] as const
export type View = (typeof VIEWS)[number]
/** `key` tells photos apart, whichever way they are turned. */
export type Photo = { key: number; view: View; file: File }

/** What somebody is about to send. It outlives the Make page, so that a look at another page loses nothing. */
export type Draft = {
  prompt: string
  /** Each from another side; a single one is just a photo. */
  photos: readonly Photo[]
  /** The chosen engine; null: the usual one for the input. */
  engine: string | null
  /** By engine: only what differs from its defaults. */
  params: Readonly<Record<string, Params>>
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
session.whenLeft(() => changeDraft(BLANK))

/** What the engine is set to. */
export const paramsFor = ({ params }: Draft, engine: string | undefined): Params => (engine && params[engine]) || {}

export const setParams = (engine: string, params: Params): void =>
  changeDraft({ params: { ...draft.params, [engine]: params } })

/** The same words, photos and parent, whatever the settings are. */
export const sameInput = (one: Draft, other: Draft): boolean =>
  one.prompt === other.prompt && one.photos === other.photos && one.parent === other.parent

/**
 * After `sent` has become a task. What was begun meanwhile stays, and so do words that a photo took the place of; the
 * settings stay for the next one, unless they were somebody else's.
 */
export function clearDraft(sent: Draft): void {
  if (!sameInput(sent, draft)) return
  if (sent.parent !== null) changeDraft(BLANK)
  else changeDraft(sent.photos.length > 0 ? { photos: [] } : { prompt: '' })
}

/** Begin from words alone, with the usual settings. */
export const beginDraft = (prompt: string): void => changeDraft({ ...BLANK, prompt })

/** Begin from a task: its words, photos, engine and settings, ready to be changed. */
export const forkDraft = (task: Task, prompt = task.prompt ?? ''): void =>
  changeDraft({ prompt, photos: [], engine: task.model, params: { [task.model]: settingsOf(task) }, parent: task })

/** No longer a fork: the parent's engine and settings go with it, the words stay. */
export const leaveParent = (): void => beginDraft(draft.prompt)

let photosAdded = 0

/** One more photo, at the first side that is still free; the seventh takes the place of the last. */
export function addPhoto(file: File, single: boolean): void {
  if (draft.parent !== null) leaveParent()
  const free = VIEWS.find((view) => draft.photos.every((photo) => photo.view !== view))
  const others = single ? [] : free === undefined ? draft.photos.slice(0, -1) : draft.photos
  const view = single ? 'front' : (free ?? draft.photos.at(-1)!.view)
  changeDraft({ photos: [...others, { key: (photosAdded += 1), view, file }] })
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
