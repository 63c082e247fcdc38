import { defineConfig } from 'vitest/config'

const common = {
  // A broker or a Python process may take seconds to start on a busy machine.
  testTimeout: 60_000,
  hookTimeout: 120_000,
}

/** The tests of one folder; those that need a broker share one. */
function project(name: string, options: { readonly broker: boolean }) {
  const globalSetup = options.broker ? ['@kannery/testing/servers/kafka/shared-kafka'] : []
  return { test: { ...common, name, include: [`src/${name}/**/*.test.ts`], globalSetup } }
}

export default defineConfig({
  test: {
    // Most tests here wait for other processes.
    maxWorkers: 3,
    projects: [
      project('repository', { broker: false }),
      project('format', { broker: false }),
      project('backup-and-restore', { broker: true }),
      project('durability', { broker: true }),
      project('plugins', { broker: true }),
      project('storages', { broker: true }),
    ],
  },
})
