import { isConflict, type ObjectKey, type StorageBackend } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import type { CaseContext, ContractCase } from './contract-case.ts'
import { expectError, expectSame } from './expectations.ts'
import { at, create, expectAbsent, expectContent, ifAbsent, pause, text } from './steps.ts'

export const racingCases: readonly ContractCase[] = [
  {
    name: 'of many clients that create one object, one wins',
    needs: ['ifAbsent'],
    async run(context) {
      const clients = await openClients(context, 8)
      try {
        for (let round = 0; round < 10; round++) {
          const key = at(context, `object-${round}`)
          const won = await Promise.all(
            clients.map(
              async (client, index) => await tryToCreate(client, key, round, `client ${index}`),
            ),
          )
          const winners = won.filter((name) => name !== undefined)
          expectSame(winners.length, 1, `the winners of round ${round}`)
          await expectContent(clients[0] as StorageBackend, key, winners[0] ?? '', 'the content')
        }
      } finally {
        await closeAll(clients)
      }
    },
    async refuse(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      const put = storage.put(key, text('x'), { condition: ifAbsent })
      await expectError(put, 'STORAGE_UNSUPPORTED', 'a creation')
      await expectAbsent(storage, key, 'after the refusal')
    },
  },
  {
    name: 'of many clients that count in one object, none loses a count',
    needs: ['ifVersion'],
    async run(context) {
      const clients = await openClients(context, 4)
      const key = at(context, 'counter')
      try {
        await create(clients[0] as StorageBackend, key, '0')
        await pause(context, clients[0] as StorageBackend)
        await Promise.all(clients.map((client) => countThree(context, client, key)))
        await expectContent(clients[0] as StorageBackend, key, '12', 'the counter')
      } finally {
        await closeAll(clients)
      }
    },
    async refuse(context) {
      await using storage = await context.open()
      const key = at(context, 'counter')
      await create(storage, key, '0')
      const condition = { kind: 'if-version', version: 'v' as never } as const
      const put = storage.put(key, text('1'), { condition })
      await expectError(put, 'STORAGE_UNSUPPORTED', 'a replacement')
      await expectContent(storage, key, '0', 'after the refusal')
    },
  },
]

async function openClients(context: CaseContext, count: number): Promise<StorageBackend[]> {
  return await Promise.all(Array.from({ length: count }, () => context.open()))
}

async function closeAll(clients: readonly StorageBackend[]): Promise<void> {
  for (const client of clients) await client[Symbol.asyncDispose]()
}

/** Creates an object by a put or, in every other round, by a writer. */
async function tryToCreate(
  client: StorageBackend,
  key: ObjectKey,
  round: number,
  name: string,
): Promise<string | undefined> {
  try {
    if (round % 2 === 0) {
      await client.put(key, text(name), { condition: ifAbsent })
    } else {
      await using writer = await client.openWriter(key, { condition: ifAbsent })
      await writer.write(text(name))
      await writer.commit()
    }
    return name
  } catch (error) {
    if (isConflict(error)) return undefined
    throw error
  }
}

async function countThree(
  context: CaseContext,
  client: StorageBackend,
  key: ObjectKey,
): Promise<void> {
  for (let counted = 0; counted < 3; ) {
    const found = await readObject(client, key)
    const count = Number(Buffer.from(found?.bytes ?? []).toString())
    const version = found?.info.version as NonNullable<typeof found>['info']['version']
    try {
      await client.put(key, text(`${count + 1}`), { condition: { kind: 'if-version', version } })
      counted++
    } catch (error) {
      if (!isConflict(error)) throw error
    }
    await pause(context, client)
  }
}
