import type { ViewerElement } from './element.ts'

/** What is used of three.js. */
type Material = { wireframe?: boolean }
type Node = { name: string; isMesh?: boolean; material?: Material | Material[] }
type Scene = { traverse(visit: (node: Node) => void): void; queueRender(): void }

/** model-viewer keeps its three.js scene under a symbol; null when a later version no longer does. */
function sceneOf(viewer: ViewerElement): Scene | null {
  for (let holder: object | null = viewer; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const symbol = Object.getOwnPropertySymbols(holder).find((one) => one.description === 'scene')
    if (symbol !== undefined) return (viewer as unknown as Record<symbol, Scene>)[symbol] ?? null
  }
  return null
}

/** Shows the triangles of the model, or its surface. False when it cannot. */
export function showWireframe(viewer: ViewerElement, on: boolean): boolean {
  const scene = sceneOf(viewer)
  if (scene === null) return false
  scene.traverse(({ isMesh, name, material }) => {
    // The shadow's planes are meshes without a material of the model.
    if (!isMesh || material === undefined || name === 'Shadow') return
    for (const one of Array.isArray(material) ? material : [material]) if ('wireframe' in one) one.wireframe = on
  })
  scene.queueRender()
  return true
}
