import { useMutation } from '@tanstack/react-query'
import * as lathe from '../api/lathe.ts'
import type { Result, Task } from '../api/types.ts'
import { size, t, tOr } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { fileName } from './name.ts'

const SUFFIXES: Readonly<Record<string, string>> = { obj: '.obj.zip' }
const ASIDE = ['report', 'preview']

export function Downloads({ task, result }: { task: Task; result: Result }) {
  const files = result.outputs.filter((output) => !ASIDE.includes(output.format))
  return (
    <section className="panel" aria-labelledby="downloads-title">
      <h2 id="downloads-title">{t('download.title')}</h2>
      <ul className="downloads">
        {files.map((output) => (
          <li key={output.file_id}>
            <Download
              url={output.url}
              name={fileName(task, SUFFIXES[output.format] ?? `.${output.format}`)}
              format={output.format.toUpperCase()}
              hint={tOr(`download.${output.format}`, output.media_type)}
              bytes={output.bytes}
            />
          </li>
        ))}
        {result.preview_url && (
          <li>
            <Download url={result.preview_url} name={fileName(task, '.png')} format="PNG" hint={t('download.picture')} />
          </li>
        )}
      </ul>
    </section>
  )
}

/** What will be there to download, so that nothing moves when it is. */
export function DownloadsAhead({ task }: { task: Task }) {
  const asked = task.params['formats']
  const formats = Array.isArray(asked) ? asked.map(String) : ['glb']
  return (
    <section className="panel" aria-labelledby="downloads-title">
      <h2 id="downloads-title">{t('download.title')}</h2>
      <ul className="downloads">
        {[...formats.map((format) => format.toUpperCase()), 'PNG'].map((format) => (
          <li key={format} className="download download-ahead">
            <Icon name="clock" />
            <span className="download-format">{format}</span>
            <span className="download-hint">{t('download.ahead')}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

type DownloadProps = { url: string; name: string; format: string; hint: string; bytes?: number }

function Download({ url, name, format, hint, bytes }: DownloadProps) {
  const fetching = useMutation({ mutationFn: () => lathe.bytes(url), onSuccess: (blob) => save(blob, name) })
  return (
    <>
      <button
        type="button"
        className={format === 'GLB' ? 'download download-main' : 'download'}
        aria-disabled={fetching.isPending}
        onClick={() => fetching.isPending || fetching.mutate()}
      >
        <Icon name="download" />
        <span className="download-format">{format}</span>
        <span className="download-hint">{fetching.isPending ? t('download.busy') : hint}</span>
        {bytes !== undefined && <span className="download-size">{size(bytes)}</span>}
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
