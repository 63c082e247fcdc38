import type { ObjectWriter, StorageBackend } from '@kannery/storage'
import type { CaseContext, ContractCase } from './contract-case.ts'
import { expectBytes, expectError, expectSame, expectTrue } from './expectations.ts'
import {
  at,
  create,
  expectAbsent,
  expectContent,
  ifAbsent,
  namesIn,
  overwrite,
  pattern,
  pause,
  read,
  text,
} from './steps.ts'

const mebibyte = 1024 * 1024
const failed = 'STORAGE_PRECONDITION_FAILED'

export const streamingCases: readonly ContractCase[] = [
  {
    name: 'a streamed object appears whole at its commit, and not before',
    async run(context) {
      await using storage = await context.open()
      await using other = await context.open()
      const key = at(context, 'streamed')
      const content = pattern(7 * mebibyte)
      await using writer = await storage.openWriter(key, { condition: overwrite })
      await writer.write(content.subarray(0, 6 * mebibyte))
      await expectAbsent(other, key, 'before the commit')
      expectSame(await namesIn(context, other, { depth: 'all' }), [], 'a listing before the commit')
      await writer.write(content.subarray(6 * mebibyte))
      const written = await writer.commit()

      await expectContent(other, key, content, 'after the commit')
      const head = await other.head(key)
      expectSame([written.key, written.size], [key, content.length], 'what the commit returns')
      expectSame(head?.version, written.version, 'the version')
      expectSame(await namesIn(context, other, { depth: 'all' }), ['streamed'], 'a listing')
    },
  },
  {
    name: 'a streamed object may be empty, or larger than any part',
    async run(context) {
      await using storage = await context.open()
      const [empty, large] = [at(context, 'empty'), at(context, 'large')]
      {
        await using writer = await storage.openWriter(empty, { condition: overwrite })
        expectSame((await writer.commit()).size, 0, 'the size of an empty object')
      }
      const content = pattern(20 * mebibyte + 12_345)
      {
        await using writer = await storage.openWriter(large, { condition: overwrite })
        for (let start = 0; start < content.length; start += 777_777) {
          await writer.write(content.subarray(start, start + 777_777))
        }
        expectSame((await writer.commit()).size, content.length, 'the size of a large object')
      }

      await expectContent(storage, empty, '', 'an empty object')
      await expectContent(storage, large, content, 'a large object')
      const range = { kind: 'span', start: 16 * mebibyte - 5, end: 16 * mebibyte + 5 } as const
      const middle = content.subarray(range.start, range.end)
      expectBytes(await read(storage, large, { range }), middle, 'a range across parts')
    },
  },
  {
    name: 'a chunk larger than any part is streamed whole',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'in-one-chunk')
      const content = pattern(19 * mebibyte + 1)
      await using writer = await storage.openWriter(key, {
        condition: overwrite,
        maxBufferedBytes: 16 * mebibyte,
      })
      await writer.write(text('first '))
      await writer.write(content)
      await writer.commit()

      const expected = Buffer.concat([text('first '), content])
      await expectContent(storage, key, expected, 'the object')
    },
  },
  {
    name: 'a chunk may be used again once write has resolved',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'streamed')
      const chunk = Buffer.alloc(mebibyte)
      await using writer = await storage.openWriter(key, { condition: overwrite })
      for (let round = 1; round <= 12; round++) {
        chunk.fill(round)
        await writer.write(chunk)
      }
      chunk.fill(0)
      await writer.commit()

      const expected = Buffer.alloc(12 * mebibyte)
      for (let round = 1; round <= 12; round++) {
        expected.fill(round, (round - 1) * mebibyte, round * mebibyte)
      }
      await expectContent(storage, key, expected, 'the object')
    },
  },
  {
    name: 'a writer that is disposed of without a commit leaves nothing',
    async run(context) {
      await using storage = await context.open()
      const [key, untouched] = [at(context, 'abandoned'), at(context, 'untouched')]
      await create(storage, untouched, 'before')
      for (const name of [key, untouched]) {
        await using writer = await storage.openWriter(name, { condition: overwrite })
        await writer.write(pattern(6 * mebibyte))
      }

      await expectAbsent(storage, key, 'after disposal')
      await expectContent(storage, untouched, 'before', 'what was there before')
      const left = await storage.sweepUnfinished(context.prefix, {
        olderThanMs: 0,
        isOurs: () => true,
      })
      expectSame(left, 0, 'unfinished uploads that are left')
    },
  },
  {
    name: 'a writer is closed by its commit and by its disposal',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'streamed')
      const committed = await storage.openWriter(key, { condition: overwrite })
      await committed.write(text('content'))
      await committed.commit()
      const disposed = await storage.openWriter(at(context, 'other'), { condition: overwrite })
      await disposed[Symbol.asyncDispose]()

      for (const writer of [committed, disposed]) {
        await expectError(writer.write(text('more')), 'INTERNAL', 'a write')
        await expectError(writer.commit(), 'INTERNAL', 'a commit')
        await writer[Symbol.asyncDispose]()
      }
      await expectContent(storage, key, 'content', 'what was committed')
      await expectAbsent(storage, at(context, 'other'), 'what was not')
    },
  },
  {
    name: 'if-absent of a writer is checked at its commit',
    needs: ['ifAbsent'],
    async run(context) {
      await using storage = await context.open()
      const [key, freed] = [at(context, 'taken'), at(context, 'freed')]
      await create(storage, freed, 'there at first')
      await using late = await writerOf(storage, context, 'taken')
      await using lucky = await writerOf(storage, context, 'freed')
      await create(storage, key, 'meanwhile')
      await storage.delete(freed)
      await pause(context, storage)

      await expectError(late.commit(), 'STORAGE_ALREADY_EXISTS', 'a commit onto another object')
      await late[Symbol.asyncDispose]()
      await expectContent(storage, key, 'meanwhile', 'what came first')
      await lucky.commit()
      await expectContent(storage, freed, 'streamed', 'what was free at the commit')
    },
    async refuse(context) {
      await using storage = await context.open()
      const open = storage.openWriter(at(context, 'object'), { condition: ifAbsent })
      await expectError(open, 'STORAGE_UNSUPPORTED', 'a creation')
      await expectAbsent(storage, at(context, 'object'), 'after the refusal')
    },
  },
  {
    name: 'if-version of a writer is checked at its commit',
    needs: ['ifVersion'],
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      const { version } = await create(storage, key, 'first')
      const condition = { kind: 'if-version', version } as const
      await using winner = await storage.openWriter(key, { condition })
      await using late = await storage.openWriter(key, { condition })
      await late.write(text('late'))
      await winner.write(text('second'))
      await pause(context, storage)
      const second = await winner.commit()
      await pause(context, storage)

      expectTrue(second.version !== version, 'both have the same version')
      await expectError(late.commit(), failed, 'a commit onto another version')
      await expectContent(storage, key, 'second', 'the content')
    },
    async refuse(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      await create(storage, key, 'first')
      const condition = { kind: 'if-version', version: 'v' as never } as const
      const open = storage.openWriter(key, { condition })
      await expectError(open, 'STORAGE_UNSUPPORTED', 'a replacement')
      await expectContent(storage, key, 'first', 'the content after the refusal')
    },
  },
  {
    name: 'sweepUnfinished ends old uploads and leaves young ones and finished objects alone',
    async run(context) {
      await using storage = await context.open()
      const [old, young, finished] = [
        at(context, 'a/old'),
        at(context, 'b/young'),
        at(context, 'a/f'),
      ]
      await create(storage, finished, 'finished')
      const crashed = await storage.openWriter(old, { condition: overwrite })
      await crashed.write(pattern(6 * mebibyte))
      await using living = await storage.openWriter(young, { condition: overwrite })
      await living.write(text('alive'))

      const isOurs = (): boolean => true
      const day = { olderThanMs: 86_400_000, isOurs }
      expectSame(await storage.sweepUnfinished(context.prefix, day), 0, 'uploads older than a day')
      const folder = at(context, 'a')
      const swept = await storage.sweepUnfinished(`${folder}/` as typeof context.prefix, {
        olderThanMs: 0,
        isOurs,
      })
      // Some stores end them by themselves and cannot be asked.
      expectTrue(swept <= 1, `${swept} uploads were swept, but there was one`)
      const again = await storage.sweepUnfinished(context.prefix, day)
      expectSame(again, 0, 'uploads older than a day, after that')
      await expectContent(storage, finished, 'finished', 'what was finished')
      await expectAbsent(storage, old, 'what was swept')
      await living.commit()
      await expectContent(storage, young, 'alive', 'what was not swept')
      await crashed[Symbol.asyncDispose]()
    },
  },
]

async function writerOf(
  storage: StorageBackend,
  context: CaseContext,
  name: string,
): Promise<ObjectWriter> {
  const writer = await storage.openWriter(at(context, name), { condition: ifAbsent })
  await writer.write(text('streamed'))
  return writer
}
