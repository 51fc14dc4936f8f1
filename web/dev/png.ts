import { crc32, deflateSync } from 'node:zlib'

const SIDE = 256

/** A small picture of a turned body or of a chair's front, shaded from the left; only the lower `share` of it. */
export function previewPng(isChair: boolean, share = 1): Buffer {
  const rows = Buffer.alloc((SIDE * 4 + 1) * SIDE)
  for (let y = Math.max(0, Math.round(SIDE * (1 - share))); y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const pixel = isChair ? chairPixel(x / SIDE, y / SIDE) : vasePixel(x / SIDE, y / SIDE)
      rows.set(pixel, y * (SIDE * 4 + 1) + 1 + x * 4)
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(SIDE, 0)
  header.writeUInt32BE(SIDE, 4)
  header.set([8, 6, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

function vasePixel(x: number, y: number): number[] {
  const t = (0.88 - y) / 0.76
  if (t < 0 || t > 1) return [0, 0, 0, 0]
  const radius = (0.05 + 0.045 * Math.sin(t * 4.6 + 0.4) + 0.01 * t) * 2.5
  const across = (x - 0.5) / radius
  if (Math.abs(across) > 1) return [0, 0, 0, 0]
  const light = 0.35 + 0.65 * Math.max(0, 0.8 * Math.sqrt(1 - across * across) - 0.45 * across)
  return [60 * light, 110 * light, 225 * light, 255]
}

function chairPixel(x: number, y: number): number[] {
  const inside = (x0: number, y0: number, x1: number, y1: number) => x >= x0 && x < x1 && y >= y0 && y < y1
  if (inside(0.32, 0.1, 0.68, 0.34)) return [196, 58, 44, 255]
  if (inside(0.3, 0.5, 0.7, 0.55)) return [220, 72, 56, 255]
  if (inside(0.32, 0.1, 0.36, 0.9) || inside(0.64, 0.1, 0.68, 0.9)) return [170, 46, 36, 255]
  return [0, 0, 0, 0]
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
