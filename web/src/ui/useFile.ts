import { keepPreviousData, type Query, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import * as lathe from '../api/lathe.ts'

/** The bytes of an address never change: once they are here, nothing fetches them anew. */
const once = ({ state }: Query<Blob>): 0 | 'static' => (state.data === undefined ? 0 : 'static')

/** A `blob:` address of the bytes behind an API address: pictures and models need the token, which a URL must not hold. */
export function useFile(url: string | null | undefined): { src: string | undefined; failure: unknown; again: () => void } {
  const { data: blob, error, refetch } = useQuery({
    queryKey: ['file', url],
    queryFn: () => lathe.bytes(url!),
    enabled: Boolean(url),
    staleTime: once,
  })
  return { src: useBlobUrl(blob), failure: error, again: () => void refetch() }
}

/** As `useFile`, of an address that changes: what was shown stays until the next is there. */
export function useLatestFile(url: string | null | undefined): { src: string | undefined } {
  const { data: blob } = useQuery({
    queryKey: ['file', url],
    queryFn: () => lathe.bytes(url!),
    enabled: Boolean(url),
    staleTime: once,
    placeholderData: keepPreviousData,
    retry: false,
  })
  return { src: useBlobUrl(blob) }
}

/** A `blob:` address of `blob`, given back when it is no longer shown. */
export function useBlobUrl(blob: Blob | undefined): string | undefined {
  const [made, setMade] = useState<{ blob: Blob; url: string }>()
  useEffect(() => {
    if (blob === undefined) return
    const url = URL.createObjectURL(blob)
    setMade({ blob, url })
    return () => URL.revokeObjectURL(url)
  }, [blob])
  return blob === undefined ? undefined : made?.url
}
