const LOADED = 'lathe.reloaded'
const SOON_MS = 60_000

/**
 * When the server got a newer page while this one was open, parts that were not loaded yet are gone. The page then
 * loads itself anew, where it is: the session comes back by its cookie, the words from the session's storage. Once a
 * minute at most, so that a part that is truly missing shows its fault instead of a loop.
 */
export function followNewVersions(): void {
  addEventListener('vite:preloadError', (event) => {
    if (Date.now() - Number(sessionStorage.getItem(LOADED) ?? 0) < SOON_MS) return
    event.preventDefault()
    sessionStorage.setItem(LOADED, String(Date.now()))
    location.reload()
  })
}
