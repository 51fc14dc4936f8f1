import { useMutation } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import type { Output, Result, Task } from '../api/types.ts'
import { size, t, tOr } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { fileName } from './name.ts'

const HIDDEN = ['report']
const SUFFIXES: Readonly<Record<string, string>> = { obj: '.obj.zip', preview: '.png' }

export function Downloads({ task, result }: { task: Task; result: Result }) {
  const files = result.outputs.filter((output) => !HIDDEN.includes(output.format))
  return (
    <section className="panel" aria-labelledby="downloads-title">
      <h2 id="downloads-title">{t('download.title')}</h2>
      <ul className="downloads">
        {files.map((output) => (
          <li key={output.file_id}>
            <Download task={task} output={output} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Download({ task, output }: { task: Task; output: Output }) {
  const fetching = useMutation({
    mutationFn: () => lathe.bytes(output.url),
    onSuccess: (blob) => save(blob, fileName(task, SUFFIXES[output.format] ?? `.${output.format}`)),
  })
  const isPreview = output.format === 'preview'
  return (
    <>
      <button
        type="button"
        className={output.format === 'glb' ? 'download download-main' : 'download'}
        aria-disabled={fetching.isPending}
        onClick={() => fetching.isPending || fetching.mutate()}
      >
        <Icon name="download" />
        <span className="download-format">{isPreview ? 'PNG' : output.format.toUpperCase()}</span>
        <span className="download-hint">
          {fetching.isPending ? t('download.busy') : tOr(`download.${output.format}`, output.media_type)}
        </span>
        <span className="download-size">{size(output.bytes)}</span>
      </button>
      {fetching.isError && (
        <p className="error-text" role="alert">
          {t('download.failed')}
        </p>
      )}
    </>
  )
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads the bytes after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
