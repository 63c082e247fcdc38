import { defineConfig } from 'vitest/config'

const conditions = ['@kannery/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['@kannery/testing/servers/shared-s3'],
    testTimeout: 60_000,
  },
})
