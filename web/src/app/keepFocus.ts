/**
 * The place of who works by keyboard, when the thing they stood on goes away: a button that gives way to another, a
 * closed note, a removed photo. Without this the browser begins at the top of the page again, and says nothing.
 * The nearest place that stays takes the focus: what has `tabindex="-1"` around it, in the end the page's content.
 */
export function keepFocus(page: HTMLElement): void {
  let places: Element[] = []
  const remember = ({ target }: FocusEvent): void => {
    places = []
    for (let at = target as Element | null; at !== null; at = at.parentElement) places.push(at)
  }
  const keep = (): void => {
    if (document.activeElement !== document.body || places.length === 0 || places[0]!.isConnected) return
    const stays = places.find((place): place is HTMLElement => place.matches('[tabindex="-1"]') && page.contains(place))
    const home = stays ?? page.querySelector<HTMLElement>('main')
    places = []
    home?.focus({ preventScroll: true })
  }
  // Who left by themselves, with a click beside everything, stands nowhere. A window that is left is come back to.
  const forget = ({ relatedTarget }: FocusEvent): void => {
    if (relatedTarget !== null || !document.hasFocus()) return
    queueMicrotask(() => {
      if (places[0]?.isConnected) places = []
    })
  }
  document.addEventListener('focusin', remember)
  document.addEventListener('focusout', forget)
  new MutationObserver(keep).observe(page, { childList: true, subtree: true })
}
