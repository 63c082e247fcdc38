import { defineConfig } from 'vitest/config'

const conditions = ['@kannery/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  // A busy machine takes some times as long; what hangs hangs for ever.
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // By default, one core is left idle: half of two.
    maxWorkers: '100%',
    testTimeout: 30_000,
  },
})
