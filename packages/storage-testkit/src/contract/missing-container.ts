import type { ContractCase } from './contract-case.ts'
import { expectError } from './expectations.ts'
import { at, create, read } from './steps.ts'

const missing = 'STORAGE_CONTAINER_NOT_FOUND'

/**
 * The cases for a storage whose bucket, container or folder does not exist. It has to answer with
 * STORAGE_CONTAINER_NOT_FOUND and never "no such object", after which a new backup would begin.
 * `CaseContext.open` has to open such a storage, which succeeds.
 */
export const missingContainerContract: readonly ContractCase[] = [
  {
    name: 'reading from a missing container fails with STORAGE_CONTAINER_NOT_FOUND',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      await expectError(storage.head(key), missing, 'head')
      await expectError(read(storage, key), missing, 'get')
    },
  },
  {
    name: 'listing a missing container fails with STORAGE_CONTAINER_NOT_FOUND',
    async run(context) {
      await using storage = await context.open()
      for (const depth of ['children', 'all'] as const) {
        await expectError(drain(storage.list(context.prefix, { depth })), missing, depth)
      }
    },
  },
  {
    name: 'writing to a missing container fails with STORAGE_CONTAINER_NOT_FOUND, and makes none',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      await expectError(create(storage, key, 'x'), missing, 'put')
      const stream = async (): Promise<void> => {
        await using writer = await storage.openWriter(key, { condition: { kind: 'overwrite' } })
        await writer.write(Buffer.from('x'))
        await writer.commit()
      }
      await expectError(stream(), missing, 'openWriter')
      await expectError(storage.head(key), missing, 'head after that')
    },
  },
]

async function drain(entries: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of entries);
}
