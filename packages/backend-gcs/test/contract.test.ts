import { randomBytes } from 'node:crypto'
import { keyPrefix, type StorageBackend } from '@kannery/storage'
import { decorate, probe } from '@kannery/storage/client'
import {
  type ContractCase,
  missingContainerContract,
  runCase,
  storageContract,
} from '@kannery/storage-testkit'
import { newPrefix } from '@kannery/testing/storages/backend-fixtures'
import { describe, inject, test } from 'vitest'
import { context, open } from './fixtures.ts'

let probed: ReturnType<typeof probe> | undefined

describe('on fake-gcs-server', () => {
  const prefix = newPrefix()

  test.each(storageContract.map((contractCase) => [contractCase.name, contractCase] as const))(
    '%s',
    (_, contractCase) => run(contractCase, () => openAsProbed(prefix)),
  )

  test.each(
    missingContainerContract.map((contractCase) => [contractCase.name, contractCase] as const),
  )('%s', (_, contractCase) =>
    run(contractCase, () => open(inject('gcs'), { bucket: 'missing', prefix })),
  )
})

/** As an app opens it: this server ignores the condition of a delete, which the probe finds out. */
async function openAsProbed(prefix: string): Promise<StorageBackend> {
  const storage = await open(inject('gcs'), { prefix })
  probed ??= probe(storage, context)
  const { ifVersionDelete } = await probed
  return decorate(storage, { ...context, capabilities: { ifVersionDelete } })
}

async function run(contractCase: ContractCase, openStorage: () => Promise<StorageBackend>) {
  const prefix = keyPrefix(`case-${randomBytes(4).toString('hex')}/`)
  await runCase(contractCase, { ...context, open: openStorage, prefix })
}
