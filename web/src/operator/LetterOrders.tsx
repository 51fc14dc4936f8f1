import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import * as operator from '../api/operator.ts'
import { refresh } from '../app/queries.ts'
import { t } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { Failure } from '../ui/Notice.tsx'
import { useDeadLetter } from './useWatched.ts'

/** Fold it anew, or leave it out. Leaving out is for ever, so it is asked twice. */
export function LetterOrders({ id }: { id: string }) {
  const [sure, setSure] = useState(false)
  const send = useMutation({
    mutationFn: (action: 'retry' | 'skip') => operator.order(id, action),
    onSettled: () => refresh(['operator']),
  })
  const orders = useDeadLetter(id, send.isSuccess).data?.orders
  const outcome = orders?.find((order) => order.order_id === send.data?.order_id)?.outcome
  const press = (action: 'retry' | 'skip') => (): void => {
    setSure(false)
    if (!send.isPending) send.mutate(action)
  }
  return (
    <div className="letter-orders" tabIndex={-1}>
      <button type="button" className="button" aria-disabled={send.isPending} onClick={press('retry')}>
        <Icon name="again" />
        {t('operator.order.retry')}
      </button>
      {sure ? (
        <>
          <button type="button" className="button button-danger" onClick={press('skip')}>
            <Icon name="skip" />
            {t('operator.order.skip.sure')}
          </button>
          <button type="button" className="button button-quiet" onClick={() => setSure(false)}>
            {t('operator.order.keep')}
          </button>
        </>
      ) : (
        <button type="button" className="button" aria-disabled={send.isPending} onClick={() => setSure(true)}>
          <Icon name="skip" />
          {t('operator.order.skip')}
        </button>
      )}
      <p role="status" className="faint">
        {send.isSuccess && t(outcome ? `outcome.${outcome}` : 'operator.order.given')}
      </p>
      {send.error && <Failure failure={send.error} />}
    </div>
  )
}
