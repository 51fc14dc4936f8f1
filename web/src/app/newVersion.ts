import { NoAnswer } from '../api/problem.ts'

const LOADED = 'lathe.reloaded'
const SOON_MS = 60_000
const LONGEST_MS = 10_000
const SCRIPT = /<script[^>]* src="([^"]+)"/

/**
 * A part of the page that comes when it is wanted. When the server got a newer page while this one was open, parts that
 * were not loaded yet are gone: the page then loads itself anew, where it is; the session comes back by its cookie, the
 * words from the session's storage. Raises NoAnswer when the server cannot be reached: what is here stays here.
 */
export async function fetchPart<Part>(load: () => Promise<Part>): Promise<Part> {
  try {
    return await load()
  } catch (failure) {
    if (!(await isReplaced()) || hasJustLoaded()) throw failure
    sessionStorage.setItem(LOADED, String(Date.now()))
    location.reload()
    return new Promise(() => undefined)
  }
}

/** Does the server have another build than the one that runs here? */
async function isReplaced(): Promise<boolean> {
  const answer = await fetch('/', { cache: 'no-store', signal: AbortSignal.timeout(LONGEST_MS) }).catch((failure: unknown) => {
    throw new NoAnswer(failure)
  })
  const script = SCRIPT.exec(await answer.text())?.[1]
  if (!answer.ok || script === undefined) throw new NoAnswer(answer.status)
  return document.querySelector(`script[src="${script}"]`) === null
}

/** Once a minute at most, so that a part that is truly missing shows its fault instead of a loop. */
const hasJustLoaded = (): boolean => Date.now() - Number(sessionStorage.getItem(LOADED) ?? 0) < SOON_MS
