import { defineConfig } from 'vitest/config'

const conditions = ['@kannery/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // A busy machine takes several times as long: the limit is for what hangs.
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // By default, one core is left idle: half of two.
    maxWorkers: '100%',
  },
})
