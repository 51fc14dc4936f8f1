/** Resolves after `ms`, or rejects with the signal's reason when it is aborted first. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Exponential back-off with full jitter in its upper half: attempt 0, 1, 2… in milliseconds. */
export function backOff(attempt: number, first = 400, most = 8000): number {
  const ceiling = Math.min(most, first * 2 ** attempt)
  return ceiling / 2 + Math.random() * (ceiling / 2)
}

/** Waits for `ms`, but no longer than until the browser says that the network is back. */
export async function waitOrOnline(ms: number, signal?: AbortSignal): Promise<void> {
  const online = new AbortController()
  const stop = () => online.abort()
  globalThis.addEventListener?.('online', stop)
  try {
    await wait(ms, signal === undefined ? online.signal : AbortSignal.any([signal, online.signal]))
  } catch (failure) {
    if (!online.signal.aborted || signal?.aborted) throw failure
  } finally {
    globalThis.removeEventListener?.('online', stop)
  }
}
