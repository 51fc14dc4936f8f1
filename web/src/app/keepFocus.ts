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
  document.addEventListener('focusin', remember)
  new MutationObserver(keep).observe(page, { childList: true, subtree: true })
}
