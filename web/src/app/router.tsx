import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from 'react'

export type Route =
  | { page: 'make' }
  | { page: 'task'; id: string }
  | { page: 'compare'; id: string; other: string | null }
  | { page: 'mine' }
  | { page: 'credits' }
  | { page: 'operator' }
  | { page: 'login' }
  | { page: 'missing' }

export function routeOf(path: string): Route {
  const plain = path.replace(/(.)\/+$/, '$1')
  if (plain === '/') return { page: 'make' }
  if (plain === '/mine') return { page: 'mine' }
  if (plain === '/credits') return { page: 'credits' }
  if (plain === '/operator') return { page: 'operator' }
  if (plain === '/login') return { page: 'login' }
  const pair = /^\/tasks\/([\w-]+)\/compare(?:\/([\w-]+))?$/.exec(plain)
  if (pair !== null) return { page: 'compare', id: pair[1]!, other: pair[2] ?? null }
  const task = /^\/tasks\/([\w-]+)$/.exec(plain)
  return task === null ? { page: 'missing' } : { page: 'task', id: task[1]! }
}

const listeners = new Set<() => void>()
const tell = (): void => listeners.forEach((listener) => listener())

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  addEventListener('popstate', listener)
  return () => {
    listeners.delete(listener)
    removeEventListener('popstate', listener)
  }
}

export const usePath = (): string => useSyncExternalStore(subscribe, () => location.pathname)

export function navigate(path: string, how: 'pushState' | 'replaceState' = 'pushState'): void {
  if (path !== location.pathname) history[how](null, '', path)
  tell()
  scrollTo(0, 0)
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }

/** A link within the page. New tabs, downloads and the like stay with the browser. */
export function Link({ href, onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event)
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    navigate(href)
  }
  return <a {...rest} href={href} onClick={follow} />
}
