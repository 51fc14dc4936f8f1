/** Writes small but real GLB files (glTF 2.0, section 4), so that the page's viewer has something true to show. */

type Mesh = { positions: number[]; normals: number[]; indices: number[] }
type Part = { mesh: Mesh; color: [number, number, number]; roughness: number }

/** A box from corner to corner, in metres. */
export function box(low: [number, number, number], high: [number, number, number]): Mesh {
  const mesh: Mesh = { positions: [], normals: [], indices: [] }
  for (let axis = 0; axis < 3; axis += 1) {
    for (const side of [0, 1]) {
      const [u, v] = [(axis + 1) % 3, (axis + 2) % 3]
      const first = mesh.positions.length / 3
      for (const [a, b] of [[0, 0], [1, 0], [1, 1], [0, 1]] as const) {
        const corner = [0, 0, 0]
        corner[axis] = side ? high[axis]! : low[axis]!
        corner[u] = a ? high[u]! : low[u]!
        corner[v] = b ? high[v]! : low[v]!
        const normal = [0, 0, 0]
        normal[axis] = side ? 1 : -1
        mesh.positions.push(...corner)
        mesh.normals.push(...normal)
      }
      const order = side ? [0, 1, 2, 0, 2, 3] : [0, 2, 1, 0, 3, 2]
      mesh.indices.push(...order.map((index) => first + index))
    }
  }
  return mesh
}

/** A profile of [radius, height] points turned about the Y axis: what a lathe does. */
export function turned(profile: [number, number][], segments = 64): Mesh {
  const mesh: Mesh = { positions: [], normals: [], indices: [] }
  const rows = profile.length
  for (let segment = 0; segment <= segments; segment += 1) {
    const angle = (segment / segments) * 2 * Math.PI
    profile.forEach(([radius, height], row) => {
      const [r0, h0] = profile[Math.max(0, row - 1)]!
      const [r1, h1] = profile[Math.min(rows - 1, row + 1)]!
      const length = Math.hypot(h1 - h0, r0 - r1) || 1
      const [outward, up] = [(h1 - h0) / length, (r0 - r1) / length]
      mesh.positions.push(radius * Math.sin(angle), height, radius * Math.cos(angle))
      mesh.normals.push(outward * Math.sin(angle), up, outward * Math.cos(angle))
      if (segment < segments && row < rows - 1) {
        const here = segment * rows + row
        mesh.indices.push(here, here + rows, here + rows + 1, here, here + rows + 1, here + 1)
      }
    })
  }
  return mesh
}

export function chair(): Part[] {
  const [seat, half, leg] = [0.45, 0.225, 0.04]
  const boxes = [box([-half, seat - 0.04, -half], [half, seat, half]), box([-half, 0.58, -half], [half, 0.9, -half + 0.035])]
  for (const x of [-1, 1]) {
    for (const z of [-1, 1]) {
      const top = z < 0 ? 0.9 : seat - 0.04
      const [a, b] = [x * half, x * (half - leg)]
      const [c, d] = [z * half, z * (half - leg)]
      boxes.push(box([Math.min(a, b), 0, Math.min(c, d)], [Math.max(a, b), top, Math.max(c, d)]))
    }
  }
  return boxes.map((mesh) => ({ mesh, color: [0.55, 0.03, 0.02], roughness: 0.55 }))
}

export function vase(): Part[] {
  const profile: [number, number][] = []
  for (let step = 0; step <= 48; step += 1) {
    const t = step / 48
    profile.push([0.05 + 0.045 * Math.sin(t * 4.6 + 0.4) + 0.01 * t, t * 0.3])
  }
  return [{ mesh: turned([[0.0001, 0], ...profile]), color: [0.05, 0.16, 0.5], roughness: 0.25 }]
}

export function glb(parts: Part[]): Buffer {
  const chunks: Buffer[] = []
  const [bufferViews, accessors]: [object[], object[]] = [[], []]
  let length = 0
  const put = (data: Float32Array | Uint32Array, target: number, accessor: object): number => {
    const bytes = Buffer.from(data.buffer)
    bufferViews.push({ buffer: 0, byteOffset: length, byteLength: bytes.length, target })
    accessors.push({ bufferView: bufferViews.length - 1, ...accessor })
    chunks.push(bytes)
    length += bytes.length
    return accessors.length - 1
  }
  const primitives = parts.map(({ mesh }, material) => {
    const count = mesh.positions.length / 3
    const axis = (start: number) => mesh.positions.filter((_, index) => index % 3 === start)
    const bound = (pick: (...values: number[]) => number) => [0, 1, 2].map((start) => Math.fround(pick(...axis(start))))
    const vector = { componentType: 5126, type: 'VEC3', count }
    return {
      attributes: {
        POSITION: put(new Float32Array(mesh.positions), 34962, { ...vector, min: bound(Math.min), max: bound(Math.max) }),
        NORMAL: put(new Float32Array(mesh.normals), 34962, vector),
      },
      indices: put(new Uint32Array(mesh.indices), 34963, { componentType: 5125, type: 'SCALAR', count: mesh.indices.length }),
      material,
    }
  })
  const materials = parts.map(({ color, roughness }) => ({
    pbrMetallicRoughness: { baseColorFactor: [...color, 1], metallicFactor: 0, roughnessFactor: roughness },
  }))
  const document = JSON.stringify({
    asset: { version: '2.0' },
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0 }],
    meshes: [{ primitives }],
    materials,
    buffers: [{ byteLength: length }],
    bufferViews,
    accessors,
  })
  const json = Buffer.from(document.padEnd(Math.ceil(document.length / 4) * 4))
  const header = Buffer.alloc(12)
  header.write('glTF')
  header.writeUInt32LE(2, 4)
  header.writeUInt32LE(12 + 8 + json.length + 8 + length, 8)
  return Buffer.concat([header, chunk(json, 0x4e4f534a), chunk(Buffer.concat(chunks), 0x004e4942)])
}

function chunk(data: Buffer, type: number): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(data.length, 0)
  head.writeUInt32LE(type, 4)
  return Buffer.concat([head, data])
}
