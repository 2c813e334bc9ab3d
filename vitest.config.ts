import { defineConfig } from 'vitest/config'

const resolveSources = {
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
}

export default defineConfig({
  test: {
    projects: [
      {
        ...resolveSources,
        test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'test/architecture/**/*.test.ts'] },
      },
      {
        ...resolveSources,
        // The real API server and controllers in one process; no Docker.
        test: { name: 'integration', include: ['test/integration/**/*.test.ts'] },
      },
      {
        ...resolveSources,
        test: {
          name: 'e2e',
          // After the unit tests: a whole cluster needs the machine to itself.
          sequence: { groupOrder: 1 },
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
