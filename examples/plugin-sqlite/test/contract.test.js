import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { keyPrefix } from '@kannery/storage'
import {
  realClock as clock,
  missingContainerContract,
  realRandom as random,
  runCase,
  storageContract,
} from '@kannery/storage-testkit'
import { plugin } from '../src/plugin.js'

function contextOf(path) {
  const open = () => plugin.open({ path }, { clock, random, access: 'write', userAgent: 'test' })
  return { open, prefix: keyPrefix('scratch/'), random, clock }
}

for (const contractCase of storageContract) {
  await test(contractCase.name, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kannery-sqlite-'))
    try {
      await runCase(contractCase, contextOf(join(folder, 'storage.db')))
    } finally {
      await rm(folder, { recursive: true })
    }
  })
}

for (const contractCase of missingContainerContract) {
  await test(`without its folder: ${contractCase.name}`, async () => {
    await runCase(contractCase, contextOf('/no/such/folder/storage.db'))
  })
}
