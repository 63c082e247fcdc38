import { defineConfig } from 'vitest/config'

const common = {
  // A broker or a Python process may take seconds to start on a busy machine.
  testTimeout: 60_000,
  hookTimeout: 120_000,
}

export default defineConfig({
  test: {
    // Most tests here wait for other processes.
    maxWorkers: 2,
    projects: [
      { test: { ...common, name: 'servers', include: ['src/servers/**/*.test.ts'] } },
      {
        test: {
          ...common,
          name: 'checker',
          include: ['src/python/**/*.test.ts'],
          globalSetup: ['src/servers/kafka/shared-kafka.ts'],
        },
      },
    ],
  },
})
