/**
 * Puts what `tsc -b` built, and the libraries it uses, into the few files that `skiff` runs from
 * (packages/cli/dist/bundle). Hundreds of small modules cost each of our processes about 10 MB and each command 60 ms.
 */
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const PACKAGES = join(import.meta.dirname, '..', 'packages')
const BUNDLE = join(PACKAGES, 'cli', 'dist', 'bundle')
const DESCRIPTIONS = join(PACKAGES, 'api', 'dist', 'descriptions.json')

const build = await rolldown({
  input: {
    main: join(PACKAGES, 'cli', 'dist', 'main.js'),
    // Threads, started by their files' names (store/src/sqlite/worker-commit-log.ts, agent/src/bootstrap/certificate-request.ts).
    'sqlite-worker': join(PACKAGES, 'store', 'dist', 'sqlite', 'sqlite-worker.js'),
    'certificate-request-worker': join(PACKAGES, 'agent', 'dist', 'bootstrap', 'certificate-request-worker.js'),
  },
  platform: 'node',
  // Native, or loaded by `require` when they are first needed.
  external: [/^node:/, 'better-sqlite3', 'dockerode', 'ws', 'yaml'],
  logLevel: 'warn',
})
rmSync(BUNDLE, { recursive: true, force: true })
await build.write({
  dir: BUNDLE,
  format: 'esm',
  sourcemap: true,
  comments: false,
  // One character beyond Latin-1 makes V8 hold the whole file with two bytes a character.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
})
await build.close()
// Found beside the bundle's folder as beside the package's own modules (api/src/openapi/descriptions.ts).
if (existsSync(DESCRIPTIONS)) copyFileSync(DESCRIPTIONS, join(PACKAGES, 'cli', 'dist', 'descriptions.json'))
