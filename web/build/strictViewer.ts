import type { Plugin } from 'vite'

/**
 * `@google/model-viewer` puts a `<style>` element into its shadow root, which a Content-Security-Policy without
 * 'unsafe-inline' refuses. The same rules as a constructed style sheet are allowed, so the element is turned into one
 * when the page is built. Fails the build when the package's template no longer looks as expected.
 */
export function strictViewer(): Plugin {
  return {
    name: 'lathe-strict-viewer',
    enforce: 'pre',
    transform(code, id) {
      if (!/model-viewer\/lib\/template\.js/.test(id)) return null
      const style = /<style>([\s\S]*?)<\/style>/
      const css = style.exec(code)?.[1]
      const renderCall = 'render(templateResult, shadowRoot);'
      if (css === undefined || css.includes('${') || !code.includes(renderCall)) {
        throw new Error('model-viewer: its template has changed, so its style element cannot be moved')
      }
      const adopted = `const sheet = new CSSStyleSheet();
sheet.replaceSync(${JSON.stringify(css)});
`
      return {
        code: adopted + code.replace(style, '').replace(renderCall, `shadowRoot.adoptedStyleSheets = [sheet];\n    ${renderCall}`),
        map: null,
      }
    },
  }
}
