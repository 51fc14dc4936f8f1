import { useState } from 'react'

/** How models are shown: what the toolbar switches. */
export type View = { turntable: boolean; wireframe: boolean; bright: boolean }

const still = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches

export function useView(turning = true): [View, (change: Partial<View>) => void] {
  const [view, setView] = useState<View>(() => ({ turntable: turning && !still(), wireframe: false, bright: false }))
  return [view, (change) => setView((before) => ({ ...before, ...change }))]
}

/** Where a model is looked at from at first: a little from the right and from above. */
export const FIRST_ORBIT = '30deg 72deg 105%'
