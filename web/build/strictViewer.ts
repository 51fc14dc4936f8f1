import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Plugin } from 'vite'

const NAME = 'virtual:viewer-styles'
const STYLE = /<style>([\s\S]*?)<\/style>/

/**
 * `@google/model-viewer` puts a `<style>` element into its shadow root, which a Content-Security-Policy without
 * 'unsafe-inline' refuses. The element is taken out of its template when the page is built, and the rules in it come as
 * the text of the module `virtual:viewer-styles`, for a constructed style sheet, which the policy allows. Fails the
 * build when the package's template no longer looks as expected.
 */
export function strictViewer(): Plugin {
  const path = createRequire(import.meta.url).resolve('@google/model-viewer').replace(/dist\/[^/]*$/, 'lib/template.js')
  return {
    name: 'lathe-strict-viewer',
    enforce: 'pre',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    load: (id) => (id === `\0${NAME}` ? `export default ${JSON.stringify(rulesIn(readFileSync(path, 'utf8')))}` : null),
    transform(code, id) {
      if (!/model-viewer\/lib\/template\.js/.test(id)) return null
      rulesIn(code)
      return { code: code.replace(STYLE, ''), map: null }
    },
  }
}

function rulesIn(template: string): string {
  const rules = STYLE.exec(template)?.[1]
  if (rules === undefined || rules.includes('${')) {
    throw new Error('model-viewer: its template has changed, so its style element cannot be moved')
  }
  return rules
}
