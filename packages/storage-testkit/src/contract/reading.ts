import {
  type ByteRange,
  type ObjectInfo,
  type Random,
  type StoredObject,
  spanOf,
} from '@kannery/storage'
import type { ContractCase } from './contract-case.ts'
import { expectBytes, expectError, expectSame, expectTrue } from './expectations.ts'
import {
  at,
  collect,
  create,
  expectAbsent,
  overwrite,
  pattern,
  pause,
  read,
  text,
} from './steps.ts'

const mebibyte = 1024 * 1024

export const readingCases: readonly ContractCase[] = [
  {
    name: 'put, head, get and list report the same key, size, version and time of an object',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'orders/index')
      const written = await create(storage, key, 'twelve bytes')
      const head = await storage.head(key)
      await using reader = await storage.get(key)
      const listed: ObjectInfo[] = []
      for await (const entry of storage.list(context.prefix, { depth: 'all' })) {
        if (entry.kind === 'object') listed.push(entry.info)
      }

      expectSame(written.size, 12, 'the size in the answer of put')
      expectTrue(written.version.length > 0, 'put returns no version')
      expectTrue(head !== undefined, 'head does not find what was put')
      expectTrue(listed.length === 1, 'the listing does not show it exactly once')
      for (const info of [written, head, reader.info, ...listed]) {
        expectSame([info.key, info.size], [key, 12], 'key and size')
        if (info.version !== undefined) expectSame(info.version, written.version, 'the version')
        // Some stores have whole seconds, and put may return the time of the answer.
        const differenceMs = Math.abs(info.lastModified.getTime() - head.lastModified.getTime())
        expectTrue(differenceMs <= 2000, `times that differ by ${differenceMs} ms`)
        const { answeredAt } = info as Partial<StoredObject>
        if (answeredAt === undefined) continue
        const ageMs = answeredAt.getTime() - info.lastModified.getTime()
        expectTrue(ageMs >= -2000 && ageMs < 600_000, `an answer ${ageMs} ms after the object`)
      }
    },
  },
  {
    name: 'head of an object that does not exist is undefined, also of a folder and below an object',
    async run(context) {
      await using storage = await context.open()
      await create(storage, at(context, 'folder/object'), 'x')

      for (const name of ['missing', 'folder', 'folder/objec', 'folder/object/below', 'a/b/c']) {
        await expectAbsent(storage, at(context, name), `head of ${name}`)
      }
    },
  },
  {
    name: 'get gives exactly the bytes that were put, of any size',
    async run(context) {
      await using storage = await context.open()
      for (const size of [0, 1, 65_537, 5 * mebibyte + 3]) {
        const content = pattern(size)
        const key = at(context, `of-${size}-bytes`)
        await create(storage, key, content)
        expectBytes(await read(storage, key), content, `an object of ${size} bytes`)
      }
    },
  },
  {
    name: 'get of an object that does not exist fails with STORAGE_NOT_FOUND',
    async run(context) {
      await using storage = await context.open()
      await create(storage, at(context, 'folder/object'), 'x')

      for (const name of ['missing', 'folder', 'folder/object/below']) {
        await expectError(read(storage, at(context, name)), 'STORAGE_NOT_FOUND', `get of ${name}`)
      }
    },
  },
  {
    name: 'a range gives exactly its bytes, and the info of the whole object',
    async run(context) {
      await using storage = await context.open()
      const content = pattern(300_000)
      const key = at(context, 'object')
      const { version } = await create(storage, key, content)

      for (const range of [
        ...edgesOf(content.length),
        ...randomSpans(50, content.length, context.random),
      ]) {
        await using reader = await storage.get(key, { range })
        const { start, end } = spanOf(range, content.length)
        const what = `range ${JSON.stringify(range)}`
        expectBytes(await collect(reader.body), content.subarray(start, end), what)
        expectSame([reader.info.size, reader.info.version], [content.length, version], what)
      }
    },
  },
  {
    name: 'a range that the object does not have completely fails with STORAGE_RANGE',
    async run(context) {
      await using storage = await context.open()
      const [key, empty] = [at(context, 'object'), at(context, 'empty')]
      await create(storage, key, pattern(1000))
      await create(storage, empty, '')

      for (const range of outside(1000)) {
        await expectError(read(storage, key, { range }), 'STORAGE_RANGE', JSON.stringify(range))
      }
      for (const range of [...outside(0), { kind: 'last', length: 5 } as const]) {
        const what = `${JSON.stringify(range)} of an empty object`
        await expectError(read(storage, empty, { range }), 'STORAGE_RANGE', what)
      }
    },
  },
  {
    name: 'get gives only the version that was asked for',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      const { version: stale } = await create(storage, key, 'first')
      await pause(context, storage)
      const { version } = await storage.put(key, text('second'), { condition: overwrite })
      const range: ByteRange = { kind: 'from', start: 1 }

      expectBytes(
        await read(storage, key, { ifVersion: version }),
        text('second'),
        'the current one',
      )
      expectBytes(
        await read(storage, key, { ifVersion: version, range }),
        text('econd'),
        'its range',
      )
      const failed = 'STORAGE_PRECONDITION_FAILED'
      await expectError(read(storage, key, { ifVersion: stale }), failed, 'an old one')
      const beyond: ByteRange = { kind: 'from', start: 100 }
      const both = { ifVersion: stale, range: beyond }
      await expectError(read(storage, key, both), failed, 'an old one, and a wrong range')
      const missing = at(context, 'missing')
      const gone = read(storage, missing, { ifVersion: version })
      await expectError(gone, 'STORAGE_NOT_FOUND', 'a version of what is not there')
    },
  },
  {
    name: 'a body never mixes two versions',
    async run(context) {
      await using storage = await context.open()
      const [before, after] = [pattern(8 * mebibyte, 1), pattern(8 * mebibyte, 2)]
      const key = at(context, 'object')
      await create(storage, key, before)
      await using reader = await storage.get(key)
      const body = reader.body[Symbol.asyncIterator]()
      const first = Buffer.from((await body.next()).value ?? [])
      await pause(context, storage)
      await storage.put(key, after, { condition: overwrite })

      const rest = await collect({ [Symbol.asyncIterator]: () => body })
      expectBytes(Buffer.concat([first, rest]), before, 'what was read while it was replaced')
    },
  },
  {
    name: 'a chunk stays as it is until the next one is asked for',
    async run(context) {
      await using storage = await context.open()
      const content = pattern(600_000)
      const key = at(context, 'object')
      await create(storage, key, content)
      await using reader = await storage.get(key)
      let position = 0
      for await (const chunk of reader.body) {
        // Time enough for another piece to arrive.
        await read(storage, key, { range: { kind: 'span', start: 0, end: 1 } })
        const expected = content.subarray(position, position + chunk.byteLength)
        expectBytes(chunk, expected, `the chunk at ${position}`)
        position += chunk.byteLength
      }
      expectSame(position, content.length, 'the bytes in all chunks')
    },
  },
  {
    name: 'a reader can be left at any time',
    async run(context) {
      await using storage = await context.open()
      const key = at(context, 'object')
      const content = pattern(2 * mebibyte)
      await create(storage, key, content)
      // More than any pool of connections.
      for (let time = 0; time < 60; time++) {
        await using reader = await storage.get(key)
        if (time % 3 === 0) for await (const chunk of reader.body) if (chunk.byteLength >= 0) break
      }
      expectBytes(await read(storage, key), content, 'what is read after that')
    },
  },
  {
    name: 'the location is shown without secrets',
    async run(context) {
      await using storage = await context.open()
      const { location } = storage
      if (location === undefined) return
      expectTrue(
        /^[a-z0-9]+:\/\/[^?#@]+[^/?#@]$/.test(location),
        `not a plain location: ${location}`,
      )
    },
  },
]

function edgesOf(size: number): ByteRange[] {
  return [
    { kind: 'span', start: 0, end: size },
    { kind: 'span', start: 0, end: 1 },
    { kind: 'span', start: size - 1, end: size },
    { kind: 'from', start: 0 },
    { kind: 'from', start: size - 1 },
    { kind: 'from', start: 12_345 },
    { kind: 'last', length: 1 },
    { kind: 'last', length: 65_536 },
    { kind: 'last', length: size },
    { kind: 'last', length: size + 1000 },
  ]
}

function randomSpans(count: number, size: number, random: Random): ByteRange[] {
  const below = (limit: number): number => {
    const bytes = random.bytes(4)
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % limit
  }
  return Array.from({ length: count }, () => {
    const start = below(size)
    return { kind: 'span', start, end: start + 1 + below(size - start) }
  })
}

/** Ranges that select no byte of an object, or bytes that it does not have. */
function outside(size: number): ByteRange[] {
  return [
    { kind: 'span', start: size, end: size + 10 },
    { kind: 'span', start: size + 100, end: size + 200 },
    { kind: 'span', start: 0, end: size + 1 },
    { kind: 'span', start: 0, end: 0 },
    { kind: 'span', start: 5, end: 4 },
    { kind: 'span', start: -1, end: 1 },
    { kind: 'from', start: size },
    { kind: 'from', start: size + 1 },
    { kind: 'from', start: -1 },
    { kind: 'last', length: 0 },
    { kind: 'last', length: -1 },
  ]
}
