import { defineConfig } from 'vitest/config'

const conditions = ['@kannery/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // By default, one core is left idle: half of two.
    maxWorkers: '100%',
    // Plugins are imported by Node itself: from source, too.
    execArgv: ['--conditions=@kannery/source'],
    // Only those that need a broker wait for one to start.
    projects: [
      {
        extends: true,
        // Some run the command line a dozen times, each a process of its own.
        test: { name: 'unit', include: ['src/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'broker',
          include: ['test/**/*.test.ts'],
          globalSetup: ['@kannery/testing/servers/kafka/shared-kafka'],
          testTimeout: 180_000,
          // The first to fill a topic installs its client.
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
