import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Some run the commands, each a process of its own.
  test: { include: ['src/**/*.test.ts'], testTimeout: 60_000 },
})
