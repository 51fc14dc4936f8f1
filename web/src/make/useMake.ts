import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import * as lathe from '../api/lathe.ts'
import { isPassing, LoginDismissed } from '../api/problem.ts'
import type { Model } from '../api/types.ts'
import { navigate } from '../app/router.tsx'
import { changesOf } from './changes.ts'
import { clearDraft, type Draft, type Photo } from './draft.ts'

type Attempt = { draft: Draft; engine: string | undefined; uploadKeys: string[]; taskKey: string }

/**
 * Sends a draft and goes to its task. As long as the draft stays the same after a failure whose outcome is unknown, it
 * is sent with the same keys: pressing again can never make (or charge for) a second task.
 */
export function useMake() {
  const cache = useQueryClient()
  const last = useRef<Attempt | null>(null)
  const [step, setStep] = useState<'photo' | 'task'>('task')

  const send = useMutation({
    mutationFn: async ({ draft, engine }: { draft: Draft; engine: Model | undefined }): Promise<lathe.Made> => {
      const same = last.current?.draft === draft && last.current.engine === engine?.id
      const attempt = same
        ? last.current!
        : { draft, engine: engine?.id, uploadKeys: draft.photos.map(lathe.newKey), taskKey: lathe.newKey() }
      last.current = attempt
      if (draft.parent !== null) return lathe.fork(draft.parent.task_id, changesOf(draft.parent, draft, engine), attempt.taskKey)
      // Who is quicker than the list of engines gets the server's usual one.
      const order: lathe.TaskOrder = engine === undefined ? {} : { model: engine.id, max_credits: engine.price }
      if (Object.keys(draft.params).length > 0) order.params = draft.params
      if (draft.photos.length === 0) order.prompt = draft.prompt.trim()
      else {
        setStep('photo')
        Object.assign(order, await uploaded(draft.photos, attempt.uploadKeys))
      }
      setStep('task')
      return lathe.create(order, attempt.taskKey)
    },
    onSuccess: (task) => {
      last.current = null
      clearDraft()
      void cache.invalidateQueries({ queryKey: ['profile'] })
      void cache.invalidateQueries({ queryKey: ['tasks'] })
      navigate(`/tasks/${task.task_id}`)
    },
    onError: (failure) => {
      if (!isPassing(failure)) last.current = null
    },
  })

  const failure = send.error instanceof LoginDismissed ? null : send.error
  return { send: send.mutate, busy: send.isPending, step, failure, unsure: isPassing(failure), forget: send.reset }
}

/** One photo is an image; several are images by the side that they show. */
async function uploaded(photos: readonly Photo[], keys: string[]): Promise<lathe.TaskOrder> {
  const files = await Promise.all(photos.map(({ file }, index) => lathe.upload(file, keys[index]!)))
  if (files.length === 1) return { image_file_id: files[0]!.file_id }
  return { images: Object.fromEntries(photos.map(({ view }, index) => [view, files[index]!.file_id])) }
}
