/** Fails the build when the first load, without the viewer, is above its budget (gzipped, all of index.html's files). */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'

const BUDGET = 200_000
const dist = resolve(import.meta.dirname, '../dist')
const html = readFileSync(join(dist, 'index.html'), 'utf8')

if (/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/.test(html)) {
  throw new Error('index.html has inline code or styles, which the Content-Security-Policy refuses')
}

const named = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1]!)
const first = new Set(['index.html', ...named.filter((name) => /\.(js|css|woff2|svg|webmanifest)$/.test(name))])
const gzipped = (name: string): number => {
  const bytes = readFileSync(join(dist, name))
  return name.endsWith('.woff2') ? bytes.length : gzipSync(bytes).length
}
const total = [...first].reduce((sum, name) => sum + gzipped(name), 0)
for (const name of first) console.log(`${String(gzipped(name)).padStart(8)}  ${name}`)
const later = readdirSync(join(dist, 'assets'))
  .map((name) => `assets/${name}`)
  .filter((name) => name.endsWith('.js') && !first.has(name))
for (const name of later) console.log(`${String(gzipped(name)).padStart(8)}  ${name} (when needed)`)
console.log(`${String(total).padStart(8)}  first load of ${BUDGET}`)
if (total > BUDGET) throw new Error(`The first load is ${total} bytes gzipped; the budget is ${BUDGET}`)
