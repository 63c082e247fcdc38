import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    // A broker or a Python process may take seconds to start on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
