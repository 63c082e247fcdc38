import { creations, hold } from '@kannery/testing/storages/contest'
import { describe, expect, inject, test } from 'vitest'
import { configFor } from './fixtures.ts'

describe('eight processes on a store that speaks S3', () => {
  test.each(['seaweedfs', 'versitygw'] as const)(
    'exactly one of eight processes creates an object, and no update is lost, on %s',
    // With SeaweedFS a contender may wait for seconds for another's lock.
    { timeout: 30_000 + creations * 4000 },
    async (name) => {
      const server = inject('s3')[name]
      const storage = {
        pluginModule: new URL('../src/index.ts', import.meta.url).href,
        config: configFor(server),
        credentials: { ...server.credentials },
      }

      const outcome = await hold(storage, { contenders: 8, creations, additions: 50 })

      expect(outcome).toEqual({ unfair: [], counted: 400 })
    },
  )
})
