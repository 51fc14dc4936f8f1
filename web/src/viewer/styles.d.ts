/** The rules of model-viewer's own style element; made by build/strictViewer.ts. */
declare module 'virtual:viewer-styles' {
  const rules: string
  export default rules
}
