import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { strictViewer } from './build/strictViewer.ts'

const api = process.env['LATHE_API'] ?? 'http://127.0.0.1:8080'
const paths = ['/admin', '/api', '/auth', '/upload', '/generate', '/files', '/.well-known', '/openapi.json', '/docs', '/readyz']

export default defineConfig({
  plugins: [strictViewer(), react()],
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1100,
  },
  optimizeDeps: { exclude: ['@google/model-viewer'] },
  server: { proxy: Object.fromEntries(paths.map((path) => [path, { target: api }])) },
})
