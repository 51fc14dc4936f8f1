import { useSyncExternalStore } from 'react'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const CHOSEN = 'lathe.theme'
const listeners = new Set<() => void>()

export const theme = (): Theme => THEMES.find((one) => one === localStorage.getItem(CHOSEN)) ?? 'system'

/** Light or dark whatever the system says; `system` goes with it again. Remembered on this machine. */
export function chooseTheme(wanted: Theme): void {
  if (wanted === 'system') localStorage.removeItem(CHOSEN)
  else localStorage.setItem(CHOSEN, wanted)
  showTheme()
  for (const listener of listeners) listener()
}

/** To be called once at the start. */
export function showTheme(): void {
  const { dataset } = document.documentElement
  if (theme() === 'system') delete dataset['theme']
  else dataset['theme'] = theme()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, theme)
