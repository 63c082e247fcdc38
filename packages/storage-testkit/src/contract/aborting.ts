import type { ObjectKey } from '@kannery/storage'
import type { ContractCase } from './contract-case.ts'
import { expectReason, expectSame } from './expectations.ts'
import {
  at,
  collect,
  create,
  createAll,
  expectAbsent,
  expectContent,
  ifAbsent,
  overwrite,
  pattern,
  text,
} from './steps.ts'

export const abortingCases: readonly ContractCase[] = [
  {
    name: 'a call that is aborted beforehand does nothing, and rejects with the reason given',
    async run(context) {
      await using storage = await context.open()
      const [key, missing] = [at(context, 'object'), at(context, 'missing')]
      await create(storage, key, 'x')
      const reason = new Error('the caller has changed its mind')
      const signal = AbortSignal.abort(reason)
      const all = { depth: 'all', signal } as const
      const put = storage.put(missing, text('y'), { condition: overwrite, signal })

      await expectReason(put, reason, 'put')
      await expectReason(storage.head(key, { signal }), reason, 'head')
      await expectReason(storage.get(key, { signal }), reason, 'get')
      await expectReason(storage.delete(key, { signal }), reason, 'delete')
      const open = storage.openWriter(missing, { condition: overwrite, signal })
      await expectReason(open, reason, 'openWriter')
      await expectReason(drain(storage.list(context.prefix, all)), reason, 'list')
      await expectReason(drain(storage.deleteMany([key], { signal })), reason, 'deleteMany')
      const sweep = storage.sweepUnfinished(context.prefix, {
        olderThanMs: 0,
        isOurs: () => true,
        signal,
      })
      await expectReason(sweep, reason, 'sweepUnfinished')
      await expectContent(storage, key, 'x', 'what was there')
      await expectAbsent(storage, missing, 'what was not')
    },
  },
  {
    name: 'a body ends with the reason when it is aborted midway',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      await create(storage, key, pattern(16 * 1024 * 1024))
      const controller = new AbortController()
      const reason = new Error('enough')
      await using reader = await storage.get(key, { signal: controller.signal })
      const body = reader.body[Symbol.asyncIterator]()
      await body.next()
      controller.abort(reason)

      const rest = collect({ [Symbol.asyncIterator]: () => body })
      await expectReason(rest, reason, 'the rest of a body')
    },
  },
  {
    name: 'deletions that are aborted midway end with the reason',
    async run(context) {
      await using storage = await context.open()
      const names = Array.from({ length: 20 }, (_, index) => `object-${index}`)
      await createAll(context, storage, names)
      const controller = new AbortController()
      const reason = new Error('enough')
      const keys = function* (): Generator<ObjectKey> {
        for (const name of names) {
          if (name === 'object-18') controller.abort(reason)
          yield at(context, name)
        }
      }

      const deletions = storage.deleteMany(keys(), { signal: controller.signal })
      await expectReason(drain(deletions), reason, 'the deletions')
      await expectContent(storage, at(context, 'object-19'), 'content of object-19', 'what is left')
    },
  },
  {
    name: 'a writer that is aborted commits nothing',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      const controller = new AbortController()
      const reason = new Error('enough')
      {
        await using writer = await storage.openWriter(key, {
          condition: storage.capabilities.ifAbsent ? ifAbsent : overwrite,
          signal: controller.signal,
        })
        await writer.write(pattern(6 * 1024 * 1024))
        controller.abort(reason)
        await expectReason(writer.commit(), reason, 'the commit')
      }
      await expectAbsent(storage, key, 'after that')
      const left = await storage.sweepUnfinished(context.prefix, {
        olderThanMs: 0,
        isOurs: () => true,
      })
      expectSame(left, 0, 'unfinished uploads that are left')
    },
  },
]

async function drain(entries: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of entries);
}
