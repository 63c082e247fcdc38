import { defineConfig } from 'vitest/config'

// Not `module`: what the SDK has under it is for bundlers.
const conditions = ['@kannery/source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // By default, one core is left idle: half of two.
    maxWorkers: '100%',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['@kannery/testing/servers/object-storages/shared-s3'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
})
