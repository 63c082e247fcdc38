import type { DeleteResult } from '@kannery/storage'
import type { ContractCase } from './contract-case.ts'
import { expectError, expectSame, expectSameNames, expectTrue } from './expectations.ts'
import {
  at,
  create,
  createAll,
  expectAbsent,
  expectContent,
  namesIn,
  overwrite,
  pause,
  text,
} from './steps.ts'

const failed = 'STORAGE_PRECONDITION_FAILED'

export const deletingCases: readonly ContractCase[] = [
  {
    name: 'delete removes an object for every client, and succeeds when there is none',
    async run(context) {
      await using storage = await context.open()
      await using other = await context.open()
      const key = at(context, 'folder/object')
      await create(storage, key, 'x')
      await create(storage, at(context, 'folder/object-2'), 'stays')
      await expectContent(other, key, 'x', 'before the deletion')
      await storage.delete(key)

      await expectAbsent(other, key, 'after the deletion')
      await storage.delete(key)
      await storage.delete(at(context, 'never/was/there'))
      expectSame(
        await namesIn(context, other, { depth: 'all' }),
        ['folder/object-2'],
        'what is left',
      )
    },
  },
  {
    name: 'a conditional delete removes exactly the version that was named',
    needs: ['ifVersionDelete'],
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'lease')
      const { version: ifVersion } = await create(storage, key, 'first')
      await pause(context, storage)
      const second = await storage.put(key, text('second'), { condition: overwrite })

      await expectError(storage.delete(key, { ifVersion }), failed, 'an old version')
      await expectContent(storage, key, 'second', 'after that')
      await storage.delete(key, { ifVersion: second.version })
      await expectAbsent(storage, key, 'the version that was named')
      await storage.delete(key, { ifVersion: second.version })
    },
    async refuse(context) {
      await using storage = await context.open()
      const key = at(context, 'lease')
      const { version: ifVersion } = await create(storage, key, 'first')
      const deletion = storage.delete(key, { ifVersion })
      await expectError(deletion, 'STORAGE_UNSUPPORTED', 'a conditional delete')
      await expectContent(storage, key, 'first', 'after the refusal')
    },
  },
  {
    name: 'deleteMany reports a result for each key, also for objects that do not exist',
    async run(context) {
      await using storage = await context.open()
      await createAll(context, storage, ['a/1', 'a/2', 'b/1', 'b/2', 'c'])
      const wanted = ['a/1', 'missing', 'b/2', 'c', 'a/missing'].map((name) => at(context, name))
      const results: DeleteResult[] = []
      const oneByOne = async function* () {
        yield* wanted
      }
      for await (const result of storage.deleteMany(oneByOne())) results.push(result)

      const keys = results.map(({ key }) => key)
      expectSameNames(keys, wanted, 'the keys with a result')
      for (const { key, error } of results) {
        expectTrue(error === undefined, `${key} could not be deleted: ${error?.message}`)
      }
      const left = await namesIn(context, storage, { depth: 'all' })
      expectSameNames(left, ['a/2', 'b/1'], 'what is left')
    },
  },
  {
    name: 'deleteMany of nothing does nothing',
    async run(context) {
      await using storage = await context.open()
      await create(storage, at(context, 'object'), 'x')
      for await (const { key } of storage.deleteMany([])) {
        expectTrue(false, `a result for ${key}, which was not asked for`)
      }
      await expectContent(storage, at(context, 'object'), 'x', 'after that')
    },
  },
]
