"""A person without a mouse: Tab, Enter, Space, arrows and Escape. Where they stand is looked at after every step."""

from typing import Any, Final, NamedTuple

from playwright.sync_api import Locator, Page, expect

MOST_STEPS: Final = 60
STAND: Final = """() => {
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  const outlined = (one) => {
    const style = getComputedStyle(one)
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
  }
  // What is drawn for an unseen input stands beside it or is the label around it.
  const near = [at, at.nextElementSibling, at.parentElement, at.closest('label'), at.closest('.composer-box')]
  const box = at.getBoundingClientRect()
  const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)]
  const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)]
  const root = at.getRootNode()
  const inside = (x, y) => {
    const hit = root.elementFromPoint(x, y)
    return hit !== null && (at.contains(hit) || hit.contains(at) || hit.parentElement?.contains(at))
  }
  const points = [0.1, 0.5, 0.9].flatMap((x) => [0.1, 0.5, 0.9].map((y) => [x, y]))
  return {
    place: at.localName,
    name: (at.getAttribute('aria-label') ?? at.innerText ?? at.value ?? '').trim().slice(0, 60),
    ringed: at.matches(':focus-visible') && near.some((one) => one !== null && outlined(one)),
    seen: left < right && top < bottom
      && points.some(([x, y]) => inside(left + (right - left) * x, top + (bottom - top) * y)),
  }
}"""


class Stand(NamedTuple):
    """Where the focus is. `ringed`: it is drawn. `seen`: within the window, and not all of it is covered."""

    place: str
    name: str
    ringed: bool
    seen: bool


class Keyboard:
    """`stops` are the places that Tab came to."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.stops: list[Stand] = []

    def stand(self) -> Stand:
        told: dict[str, Any] = self.page.evaluate(STAND)
        return Stand(**told)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        """What a field holds is replaced."""
        self.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def step(self, key: str = "Tab") -> Stand:
        """One press of Tab. At every stop is a ring; between the last and the first is the browser itself."""
        self.press(key)
        stand = self.stand()
        if stand.place != "body":
            assert stand.ringed, f"no visible focus: {stand}"
            assert stand.seen, f"the focus is hidden: {stand}"
            self.stops.append(stand)
        return stand

    def go(self, to: Locator, key: str = "Tab") -> None:
        """Tab until there. `to` may be an element within which the focus is, such as a viewer with a shadow root."""
        expect(to).to_be_visible()
        for _ in range(MOST_STEPS):
            self.step(key)
            if self.is_at(to):
                return
        raise AssertionError(f"{to} is not reached by {key}: {self.stops[-MOST_STEPS:]}")

    def use(self, to: Locator, key: str = "Enter") -> None:
        self.go(to)
        self.press(key)

    def is_at(self, place: Locator) -> bool:
        return bool(place.evaluate("(element) => element === document.activeElement"))

    def comes_to(self, place: Locator) -> None:
        """The page itself moves the focus there."""
        expect(place).to_be_focused()
