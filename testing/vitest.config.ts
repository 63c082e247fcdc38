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
      { test: { ...common, name: 'servers', include: ['src/{servers,format,dev}/**/*.test.ts'] } },
      {
        test: {
          ...common,
          name: 'checker',
          include: ['src/python/**/*.test.ts'],
          globalSetup: ['src/servers/shared-kafka.ts'],
        },
      },
      { test: { ...common, name: 'house', include: ['src/house/**/*.test.ts'] } },
      {
        test: {
          ...common,
          name: 'main-job',
          include: ['src/main-job/**/*.test.ts'],
          exclude: ['src/main-job/storage*.test.ts'],
          globalSetup: ['src/servers/shared-kafka.ts'],
        },
      },
      {
        test: {
          ...common,
          name: 'durability',
          include: ['src/durability/**/*.test.ts'],
          globalSetup: ['src/servers/shared-kafka.ts'],
        },
      },
      {
        test: {
          ...common,
          name: 'plugins',
          include: ['src/plugins/**/*.test.ts'],
          globalSetup: ['src/servers/shared-kafka.ts'],
        },
      },
      {
        test: {
          ...common,
          name: 'main-job-storages',
          include: ['src/main-job/storage*.test.ts'],
          globalSetup: ['src/servers/shared-kafka.ts'],
        },
      },
    ],
  },
})
