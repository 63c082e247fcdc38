import { defineConfig } from 'vitest/config'

const conditions = ['@kannery/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // By default, one core is left idle: half of two.
    maxWorkers: '100%',
  },
})
