import fs from 'node:fs/promises'
import { join } from 'node:path'
import { keyPrefix } from '@kannery/storage'
import { decorate, probe } from '@kannery/storage/client'
import {
  type CaseContext,
  missingContainerContract,
  runCase,
  seededRandom,
  storageContract,
} from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { VolumeBackend } from '../src/index.ts'
import { environment, scratchFolder } from './fixtures.ts'

function contextOf(path: string): CaseContext {
  return {
    open: async () => await VolumeBackend.open({ path }, environment),
    prefix: keyPrefix('scratch/'),
    random: seededRandom(1),
    clock: environment.clock,
  }
}

describe.each(['disk', 'tmpfs'] as const)('a folder on %s', (world) => {
  test.each(storageContract)('$name', { timeout: 60_000 }, async (contractCase) => {
    await using folder = await scratchFolder(world)
    await runCase(contractCase, contextOf(folder.path))
  })
})

describe('a storage in a folder', () => {
  test.each(storageContract)(
    'a decorated folder keeps the promise: $name',
    { timeout: 60_000 },
    async (contractCase) => {
      await using folder = await scratchFolder('tmpfs')
      const bare = contextOf(folder.path)
      await runCase(contractCase, {
        ...bare,
        open: async () => decorate(await bare.open(), environment),
      })
    },
  )

  test.each(missingContainerContract)(
    'a folder that does not exist: $name',
    async (contractCase) => {
      await using folder = await scratchFolder('disk')
      await runCase(contractCase, contextOf(join(folder.path, 'not', 'mounted')))
    },
  )

  test('the probe finds no fault, and leaves no object', async () => {
    await using folder = await scratchFolder('disk')
    const storage = await VolumeBackend.open({ path: folder.path }, environment)

    expect(await probe(storage, environment)).toEqual({
      ifVersionDelete: true,
      ifAbsentAfterDelete: true,
      canDelete: true,
      warnings: [],
    })
    expect(await fs.readdir(folder.path, { recursive: true })).toEqual(['.kannery'])
  })
})
