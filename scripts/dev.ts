/** Builds whenever a source changes, then lets `skiff up` restart what the build changed. */
import { spawnSync } from 'node:child_process'
import { watch } from 'node:fs/promises'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const QUIET_MS = 200

run()
let timer: NodeJS.Timeout | undefined
for await (const { filename } of watch(join(ROOT, 'packages'), { recursive: true })) {
  if (!filename?.includes('/src/') || filename.endsWith('.test.ts')) continue
  clearTimeout(timer)
  timer = setTimeout(run, QUIET_MS)
}

function run(): void {
  const build = spawnSync(join(ROOT, 'scripts/build'), { cwd: ROOT, stdio: 'inherit' })
  if (build.status === 0)
    spawnSync(join(ROOT, 'packages/cli/bin/skiff'), ['up', ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' })
}
