import { defineConfig } from 'vitest/config'

const conditions = ['@kannery/source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['@kannery/testing/servers/object-storages/shared-azurite'],
    testTimeout: 60_000,
  },
})
