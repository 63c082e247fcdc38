import { randomBytes } from 'node:crypto'
import { keyPrefix } from '@kannery/storage'
import {
  type ContractCase,
  missingContainerContract,
  runCase,
  storageContract,
} from '@kannery/storage-testkit'
import { newPrefix } from '@kannery/testing/storages/backend-fixtures'
import { describe, expect, inject, test } from 'vitest'
import { context, open } from './fixtures.ts'

/**
 * Where a server is known to break a promise at times, what it does instead. No backup relies on
 * these.
 */
const deviations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  seaweedfs: {
    // It cleans empty folders away, but later.
    'deleted objects are not listed, nor a folder whose objects were all deleted':
      'the children: ["a/","b/"] instead of ["a/"]',
  },
}

/**
 * Who finds a key locked by another client asks SeaweedFS's lock again only after a second or more:
 * clients that race wait for long.
 */
const timeout = 240_000

describe.each(['seaweedfs', 'versitygw'] as const)('on %s', { timeout }, (name) => {
  const prefix = newPrefix()

  test.each(storageContract.map((contractCase) => [contractCase.name, contractCase] as const))(
    '%s',
    async (_, contractCase) => {
      const result = run(contractCase, () => open(inject('s3')[name], { prefix }))
      const deviation = deviations[name]?.[contractCase.name]
      await result.catch((error) => {
        if (deviation === undefined) throw error
        expect(error).toMatchObject({ message: expect.stringContaining(deviation) })
      })
    },
  )

  test.each(
    missingContainerContract.map((contractCase) => [contractCase.name, contractCase] as const),
  )('%s', (_, contractCase) =>
    run(contractCase, () => open(inject('s3')[name], { bucket: 'missing', prefix })),
  )
})

async function run(contractCase: ContractCase, openStorage: () => ReturnType<typeof open>) {
  const prefix = keyPrefix(`case-${randomBytes(4).toString('hex')}/`)
  await runCase(contractCase, { ...context, open: openStorage, prefix })
}
