import { creations, hold } from '@kannery/testing/storages/contest'
import { describe, expect, inject, test } from 'vitest'
import { configFor } from './fixtures.ts'

describe('eight processes on Azurite', () => {
  test('exactly one of eight processes creates an object, and no update is lost', {
    timeout: 30_000 + creations * 1000,
  }, async () => {
    const server = inject('azurite')
    const storage = {
      pluginModule: new URL('../src/index.ts', import.meta.url).href,
      config: configFor(server),
      credentials: { accountKey: server.account.key },
    }

    const outcome = await hold(storage, { contenders: 8, creations, additions: 50 })

    expect(outcome).toEqual({ unfair: [], counted: 400 })
  })
})
