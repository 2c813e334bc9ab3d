import { defineConfig } from 'vitest/config'

const resolveSources = {
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
}

/** Beside what they test, but not among the unit tests, which are run at every turn. */
const SLOW = ['packages/*/src/**/*.slow.test.ts', 'packages/*/src/fuzz/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        ...resolveSources,
        test: {
          name: 'unit',
          // Nothing of ours keeps state in a module: a worker serves many files.
          isolate: false,
          include: ['packages/*/src/**/*.test.ts', 'test/architecture/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: SLOW,
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...resolveSources,
        test: {
          name: 'integration',
          // The real API server and controllers in one process, without Docker; and what takes longer than a unit test may.
          include: ['test/integration/**/*.test.ts', ...SLOW],
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...resolveSources,
        test: {
          name: 'e2e',
          // After the unit tests: a whole cluster needs the machine to itself.
          sequence: { groupOrder: 1 },
          include: ['test/e2e/**/*.test.ts'],
          setupFiles: ['test/support/tell-logs.ts'],
          expect: { poll: { timeout: 60_000 } },
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
