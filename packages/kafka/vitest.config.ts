import { defineConfig } from 'vitest/config'

const conditions = ['@kannery/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // By default, one core is left idle: half of two.
    maxWorkers: '100%',
    // Only those that need a broker wait for one to start.
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'broker',
          include: ['test/**/*.test.ts'],
          globalSetup: ['@kannery/testing/servers/kafka/shared-kafka'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
