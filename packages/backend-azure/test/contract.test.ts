import { randomBytes } from 'node:crypto'
import { keyPrefix } from '@kannery/storage'
import {
  type ContractCase,
  missingContainerContract,
  runCase,
  storageContract,
} from '@kannery/storage-testkit'
import { newPrefix } from '@kannery/testing/storages/backend-fixtures'
import { describe, inject, test } from 'vitest'
import { context, open } from './fixtures.ts'

describe('on Azurite', () => {
  const prefix = newPrefix()

  test.each(storageContract.map((contractCase) => [contractCase.name, contractCase] as const))(
    '%s',
    (_, contractCase) => run(contractCase, () => open(inject('azurite'), { prefix })),
  )

  test.each(
    missingContainerContract.map((contractCase) => [contractCase.name, contractCase] as const),
  )('%s', (_, contractCase) =>
    run(contractCase, () => open(inject('azurite'), { container: 'missing', prefix })),
  )
})

async function run(contractCase: ContractCase, openStorage: () => ReturnType<typeof open>) {
  const prefix = keyPrefix(`case-${randomBytes(4).toString('hex')}/`)
  await runCase(contractCase, { ...context, open: openStorage, prefix })
}
