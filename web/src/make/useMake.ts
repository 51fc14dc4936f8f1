import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import * as lathe from '../api/lathe.ts'
import { isPassing, LoginDismissed } from '../api/problem.ts'
import type { Model } from '../api/types.ts'
import { refresh } from '../app/queries.ts'
import { navigate } from '../app/router.tsx'
import { changesOf } from './changes.ts'
import { clearDraft, type Draft, paramsFor, type Photo, sameInput } from './draft.ts'

type Attempt = { draft: Draft; engine: string | undefined; uploadKeys: string[]; taskKey: string }

/** Outlives the Make page, as the draft does. */
let last: Attempt | null = null

/**
 * Sends a draft and goes to its task. As long as the draft stays the same while its outcome is unknown, it is sent with
 * the same keys: pressing again can never make (or charge for) a second task. A failure is told until `now`, the draft
 * as it stands, asks for something else.
 */
export function useMake(now: Draft) {
  const [step, setStep] = useState<'photo' | 'task'>('task')

  const send = useMutation({
    mutationFn: async ({ draft, engine }: { draft: Draft; engine: Model | undefined }): Promise<lathe.Made> => {
      if (last?.draft !== draft || last.engine !== engine?.id) {
        last = { draft, engine: engine?.id, uploadKeys: draft.photos.map(lathe.newKey), taskKey: lathe.newKey() }
      }
      const attempt = last
      if (draft.parent !== null) return lathe.fork(draft.parent.task_id, changesOf(draft.parent, draft, engine), attempt.taskKey)
      // Who is quicker than the list of engines gets the server's usual one.
      const order: lathe.TaskOrder = engine === undefined ? {} : { model: engine.id, max_credits: engine.price }
      const params = paramsFor(draft, engine?.id)
      if (Object.keys(params).length > 0) order.params = params
      if (draft.photos.length === 0) order.prompt = draft.prompt.trim()
      else {
        setStep('photo')
        Object.assign(order, await uploaded(draft.photos, attempt.uploadKeys))
      }
      setStep('task')
      return lathe.create(order, attempt.taskKey)
    },
    onSuccess: (task, sent) => {
      last = null
      clearDraft(sent.draft)
      void refresh(['profile'])
      void refresh(['tasks'])
      navigate(`/tasks/${task.task_id}`)
    },
    onError: (failure) => {
      if (!isPassing(failure)) last = null
    },
  })

  const sent = send.variables?.draft
  const failure = sent && sameInput(sent, now) && !(send.error instanceof LoginDismissed) ? send.error : null
  return { send: send.mutate, busy: send.isPending, step, failure, unsure: isPassing(failure) && sent === now }
}

/** One photo is an image; several are images by the side that they show. */
async function uploaded(photos: readonly Photo[], keys: string[]): Promise<lathe.TaskOrder> {
  const files = await Promise.all(photos.map(({ file }, index) => lathe.upload(file, keys[index]!)))
  if (files.length === 1) return { image_file_id: files[0]!.file_id }
  return { images: Object.fromEntries(photos.map(({ view }, index) => [view, files[index]!.file_id])) }
}
