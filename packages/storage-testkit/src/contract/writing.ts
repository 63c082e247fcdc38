import type { WriteCondition } from '@kannery/storage'
import { maxPutBytes } from '@kannery/storage/backend'
import type { ContractCase } from './contract-case.ts'
import { expectError, expectSame, expectTrue } from './expectations.ts'
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
  text,
} from './steps.ts'

const failed = 'STORAGE_PRECONDITION_FAILED'
/** Versions of a store are not ours to make up, but refusals come before they are looked at. */
const someVersion = { kind: 'if-version', version: 'v' as never } satisfies WriteCondition

export const writingCases: readonly ContractCase[] = [
  {
    name: 'an object is visible to every client as soon as put has resolved',
    async run(context) {
      await using writer = await context.open()
      await using reader = await context.open()
      for (let round = 0; round < 10; round++) {
        const key = at(context, `object-${round}`)
        // A client that asked before must not remember that there was no such object.
        await expectAbsent(reader, key, 'an object that was not put yet')
        const written = await create(writer, key, `content ${round}`)
        expectSame(
          (await reader.head(key))?.version,
          written.version,
          'the version for another client',
        )
        await expectContent(reader, key, `content ${round}`, 'the content for another client')
        const names = await namesIn(context, reader, { depth: 'all' })
        expectTrue(names.includes(`object-${round}`), 'another client does not list it')
      }
    },
  },
  {
    name: 'an overwrite replaces an object and gives it another version',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      const first = await create(storage, key, 'a longer first content')
      await pause(context, storage)
      const second = await storage.put(key, text('second'), {
        condition: overwrite,
        contentType: 'application/octet-stream',
      })

      expectTrue(first.version !== second.version, 'both have the same version')
      await expectContent(storage, key, 'second', 'the content')
    },
  },
  {
    name: 'if-absent creates an object, and never replaces one',
    needs: ['ifAbsent'],
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      const { version } = await storage.put(key, text('first'), { condition: ifAbsent })
      await pause(context, storage)
      const again = storage.put(key, text('second'), { condition: ifAbsent })

      await expectError(again, 'STORAGE_ALREADY_EXISTS', 'the second creation')
      await expectContent(storage, key, 'first', 'the content')
      expectSame((await storage.head(key))?.version, version, 'the version')
    },
    async refuse(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      const put = storage.put(key, text('first'), { condition: ifAbsent })
      await expectError(put, 'STORAGE_UNSUPPORTED', 'a creation')
      await expectAbsent(storage, key, 'after the refusal')
    },
  },
  {
    name: 'if-version replaces exactly the version that was named',
    needs: ['ifVersion'],
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      const first = await create(storage, key, 'first')
      await pause(context, storage)
      const condition = { kind: 'if-version', version: first.version } as const
      const second = await storage.put(key, text('second'), { condition })
      await pause(context, storage)

      expectTrue(first.version !== second.version, 'both have the same version')
      const stale = storage.put(key, text('third'), { condition })
      await expectError(stale, failed, 'an old version')
      await expectContent(storage, key, 'second', 'the content')
    },
    async refuse(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      await create(storage, key, 'first')
      const put = storage.put(key, text('second'), { condition: someVersion })
      await expectError(put, 'STORAGE_UNSUPPORTED', 'a replacement')
      await expectContent(storage, key, 'first', 'the content after the refusal')
    },
  },
  {
    name: 'if-version fails for an object that never existed or was deleted, and creates nothing',
    needs: ['ifVersion'],
    async run(context) {
      await using storage = await context.open()
      const [key, missing] = [at(context, 'object'), at(context, 'missing')]
      const { version } = await create(storage, key, 'first')
      await storage.delete(key)
      const condition = { kind: 'if-version', version } as const
      await pause(context, storage)

      await expectError(storage.put(key, text('x'), { condition }), failed, 'after a deletion')
      await expectError(storage.put(missing, text('x'), { condition }), failed, 'of nothing')
      await expectAbsent(storage, key, 'the deleted object')
      await expectAbsent(storage, missing, 'the missing object')
    },
    async refuse(context) {
      await using storage = await context.open()
      const key = at(context, 'missing')
      const put = storage.put(key, text('x'), { condition: someVersion })
      await expectError(put, 'STORAGE_UNSUPPORTED', 'a replacement')
      await expectAbsent(storage, key, 'after the refusal')
    },
  },
  {
    name: 'a key can be created again after its deletion, under another version',
    needs: ['ifAbsent', 'ifVersion'],
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'lease')
      const first = await storage.put(key, text('one'), { condition: ifAbsent })
      await storage.delete(key)
      await pause(context, storage)
      await storage.put(key, text('two'), { condition: ifAbsent })
      await pause(context, storage)

      const condition = { kind: 'if-version', version: first.version } as const
      const late = storage.put(key, text('three'), { condition })
      await expectError(late, failed, 'the version from before the deletion')
      await expectContent(storage, key, 'two', 'the content')
    },
    async refuse(context) {
      await using storage = await context.open()
      const key = at(context, 'lease')
      await create(storage, key, 'one')
      await storage.delete(key)
      for (const condition of [ifAbsent, someVersion]) {
        const { capabilities } = storage
        if (condition.kind === 'if-absent' ? capabilities.ifAbsent : capabilities.ifVersion)
          continue
        const put = storage.put(key, text('two'), { condition })
        await expectError(put, 'STORAGE_UNSUPPORTED', condition.kind)
        await expectAbsent(storage, key, 'after the refusal')
      }
    },
  },
  {
    name: 'put takes 16 MiB, and more is refused',
    async run(context) {
      await using storage = await context.open()
      const [key, larger] = [at(context, 'largest'), at(context, 'larger')]
      const content = pattern(maxPutBytes)
      await create(storage, key, content)
      await expectContent(storage, key, content, 'the largest object')

      const tooMuch = new Uint8Array(maxPutBytes + 1)
      await expectError(create(storage, larger, tooMuch), 'INTERNAL', 'one byte more')
      await expectAbsent(storage, larger, 'what was too large')
    },
  },
  {
    name: 'a buffer may be used again once put has resolved',
    async run(context) {
      await using storage = await context.open()
      const body = Buffer.alloc(1000)
      for (let round = 1; round <= 3; round++) {
        body.fill(round)
        await create(storage, at(context, `${round}`), body)
      }
      body.fill(0)
      for (let round = 1; round <= 3; round++) {
        const key = at(context, `${round}`)
        await expectContent(storage, key, Buffer.alloc(1000, round), `object ${round}`)
      }
    },
  },
  {
    name: 'an object can be locked until a date',
    needs: ['retainUntil'],
    async run(context) {
      await using storage = await context.open()
      const retainUntil = new Date(context.clock.now() + 2000)
      const key = at(context, 'locked')
      await storage.put(key, text('kept'), { condition: overwrite, retainUntil })
      await expectContent(storage, key, 'kept', 'a locked object')

      const streamed = at(context, 'streamed')
      await using writer = await storage.openWriter(streamed, { condition: overwrite, retainUntil })
      await writer.write(text('kept, too'))
      await writer.commit()
      await expectContent(storage, streamed, 'kept, too', 'a locked streamed object')
    },
    async refuse(context) {
      await using storage = await context.open()
      const retainUntil = new Date(context.clock.now() + 2000)
      const key = at(context, 'locked')
      const options = { condition: overwrite, retainUntil }
      await expectError(storage.put(key, text('x'), options), 'STORAGE_UNSUPPORTED', 'put')
      await expectError(storage.openWriter(key, options), 'STORAGE_UNSUPPORTED', 'openWriter')
      await expectAbsent(storage, key, 'after the refusal')
    },
  },
]
