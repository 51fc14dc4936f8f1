import { useEffect, useEffectEvent, useRef } from 'react'

/** Does something as soon as the end of a list comes near the window. */
export function OnSight({ onSight }: { onSight: () => void }) {
  const mark = useRef<HTMLSpanElement>(null)
  const seen = useEffectEvent(onSight)
  useEffect(() => {
    const watching = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && seen(), {
      rootMargin: '600px',
    })
    watching.observe(mark.current!)
    return () => watching.disconnect()
  })
  return <span ref={mark} aria-hidden="true" />
}
