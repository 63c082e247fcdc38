// For each case of the contract a storage on which it fails: a case that nothing can fail proves
// nothing.
import { type ObjectKey, type ObjectVersion, objectKey, type StoredObject } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { alter } from './alter.ts'
import {
  type Breakage,
  byNamePrefix,
  forwarding,
  ignoring,
  judgedAtOpening,
  lookingFirst,
  mapped,
  withBody,
  without,
  withoutDispose,
  withRange,
  withWriter,
} from './broken-storages.ts'

const overwrite = { kind: 'overwrite' } as const

export const breakages: Readonly<Record<string, Breakage>> = {
  'put, head, get and list report the same key, size, version and time of an object': (memory) =>
    alter(memory, {
      list: (prefix, options) =>
        mapped(memory.list(prefix, options), (entry) =>
          entry.kind === 'object' ? { ...entry, info: { ...entry.info, size: 0 } } : entry,
        ),
    }),
  'head of an object that does not exist is undefined, also of a folder and below an object': (
    memory,
  ) =>
    alter(memory, {
      head: async (key) => {
        const found = [...memory.contents().keys()].find((name) => name.startsWith(key))
        return found && (await memory.head(found))
      },
    }),
  'get gives exactly the bytes that were put, of any size': (memory) =>
    withBody(memory, async function* (body) {
      for await (const chunk of body) yield chunk.byteLength > 1 ? chunk.subarray(1) : chunk
    }),
  'get of an object that does not exist fails with STORAGE_NOT_FOUND': (memory) =>
    alter(memory, {
      get: async (key, options) => {
        if ((await memory.head(key)) === undefined)
          await memory.put(key, new Uint8Array(), { condition: overwrite })
        return await memory.get(key, options)
      },
    }),
  'a range gives exactly its bytes, and the info of the whole object': (memory) =>
    withRange(memory, (range, size) =>
      range.kind === 'span' ? { ...range, end: Math.min(size, range.end + 1) } : range,
    ),
  'a range that the object does not have completely fails with STORAGE_RANGE': (memory) =>
    withRange(memory, (range, size) =>
      range.kind === 'span' ? { ...range, end: Math.min(size, range.end) } : range,
    ),
  'get gives only the version that was asked for': (memory) =>
    alter(memory, {
      get: (key, options = {}) => memory.get(key, without(options, 'ifVersion')),
    }),
  'a body never mixes two versions': (memory) =>
    alter(memory, {
      get: async (key, options) => {
        const reader = await memory.get(key, options)
        const body = async function* () {
          for (let start = 0; start < reader.info.size; start += 65_536) {
            const end = Math.min(reader.info.size, start + 65_536)
            yield (await readObject(memory, key, { range: { kind: 'span', start, end } }))?.bytes ??
              new Uint8Array()
          }
        }
        return { ...withoutDispose(reader), body: options?.range ? reader.body : body() }
      },
    }),
  'a chunk stays as it is until the next one is asked for': (memory) =>
    withBody(memory, async function* (body) {
      for await (const chunk of body) {
        queueMicrotask(() => queueMicrotask(() => chunk.fill(0)))
        yield chunk
      }
    }),
  'a reader can be left at any time': (memory) => {
    let open = 0
    return alter(memory, {
      get: async (key, options) => {
        if (open++ > 50) throw new Error('all connections are in use')
        const reader = await memory.get(key, options)
        const body = async function* () {
          yield* reader.body
          open--
        }
        return { ...withoutDispose(reader), body: body() }
      },
    })
  },
  'the location is shown without secrets': (memory) =>
    alter(memory, { location: 's3://key:secret@bucket/prefix' }),

  'an object is visible to every client as soon as put has resolved': (memory) => {
    const knownToBeAbsent = new Set<ObjectKey>()
    return alter(memory, {
      head: async (key) => {
        const found = knownToBeAbsent.has(key) ? undefined : await memory.head(key)
        if (found === undefined) knownToBeAbsent.add(key)
        return found
      },
    })
  },
  'an overwrite replaces an object and gives it another version': (memory) =>
    alter(memory, {
      put: async (key, body, options) =>
        (await memory.head(key)) ?? (await memory.put(key, body, options)),
    }),
  'if-absent creates an object, and never replaces one': (memory) => ignoring(memory, 'if-absent'),
  'if-version replaces exactly the version that was named': (memory) =>
    ignoring(memory, 'if-version'),
  'if-version fails for an object that never existed or was deleted, and creates nothing': (
    memory,
  ) =>
    alter(memory, {
      put: async (key, body, options) => {
        const absent = (await memory.head(key)) === undefined
        return await memory.put(key, body, absent ? { condition: overwrite } : options)
      },
    }),
  'a key can be created again after its deletion, under another version': (memory) => {
    const graves = new Map<ObjectKey, StoredObject>()
    return alter(memory, {
      delete: async (key, options) => {
        const found = await memory.head(key)
        if (found !== undefined) graves.set(key, found)
        await memory.delete(key, options)
      },
      // Its successor is taken for it: an inode that is used again.
      put: async (key, body, options) => {
        const { condition } = options
        const grave = graves.get(key)
        const isOld = condition.kind === 'if-version' && condition.version === grave?.version
        return await memory.put(key, body, isOld ? { condition: overwrite } : options)
      },
    })
  },
  'put takes 16 MiB, and more is refused': (memory) =>
    alter(memory, {
      put: async (key, body, options) => {
        await using writer = await memory.openWriter(key, options)
        await writer.write(body)
        return await writer.commit()
      },
    }),
  'a buffer may be used again once put has resolved': (memory) => {
    const late = new Map<ObjectKey, Uint8Array>()
    return alter(memory, {
      put: async (key, body, options) => {
        late.set(key, body)
        return await memory.put(key, body, options)
      },
      get: async (key, options) => {
        const body = late.get(key)
        if (body !== undefined) await memory.put(key, body, { condition: overwrite })
        return await memory.get(key, options)
      },
    })
  },
  'an object can be locked until a date': (memory) =>
    alter(memory, {
      put: async (key, body, { retainUntil, ...options }) =>
        await memory.put(key, retainUntil === undefined ? body : new Uint8Array(), options),
    }),

  'a streamed object appears whole at its commit, and not before': (memory) =>
    withWriter(memory, (writer, key) => ({
      ...forwarding(writer),
      write: async (chunk) => {
        await memory.put(key, chunk.subarray(0, 10), { condition: overwrite })
        await writer.write(chunk)
      },
    })),
  'a streamed object may be empty, or larger than any part': (memory) => {
    return withWriter(memory, (writer) => {
      let parts = 0
      return {
        ...forwarding(writer),
        // One part more than what fits.
        write: async (chunk) => {
          if (++parts <= 20) await writer.write(chunk)
        },
      }
    })
  },
  'a chunk larger than any part is streamed whole': (memory) =>
    withWriter(memory, (writer) => ({
      ...forwarding(writer),
      write: (chunk) => writer.write(chunk.subarray(0, 16 * 1024 * 1024)),
    })),
  'a chunk may be used again once write has resolved': (memory) =>
    withWriter(memory, (writer) => {
      const chunks: Uint8Array[] = []
      return {
        ...forwarding(writer),
        write: async (chunk) => {
          chunks.push(chunk)
        },
        commit: async () => {
          for (const chunk of chunks) await writer.write(chunk)
          return await writer.commit()
        },
      }
    }),
  'a writer that is disposed of without a commit leaves nothing': (memory) =>
    withWriter(memory, (writer) => ({
      ...forwarding(writer),
      [Symbol.asyncDispose]: async () => undefined,
    })),
  'a writer is closed by its commit and by its disposal': (memory) =>
    withWriter(memory, (writer) => {
      let closed = false
      return {
        ...forwarding(writer),
        write: async (chunk) => {
          if (!closed) await writer.write(chunk)
        },
        commit: async () => {
          closed = true
          return await writer.commit()
        },
        [Symbol.asyncDispose]: async () => {
          closed = true
          await writer[Symbol.asyncDispose]()
        },
      }
    }),
  'if-absent of a writer is checked at its commit': judgedAtOpening,
  'if-version of a writer is checked at its commit': judgedAtOpening,
  'sweepUnfinished ends old uploads and leaves young ones and finished objects alone': (memory) =>
    alter(memory, {
      sweepUnfinished: (prefix) =>
        memory.sweepUnfinished(prefix, { olderThanMs: 0, isOurs: () => true }),
    }),

  'a listing of children shows objects, and each folder once': (memory) =>
    alter(memory, {
      list: async function* (prefix, options) {
        for await (const entry of memory.list(prefix, options)) {
          yield entry
          if (entry.kind === 'folder' && entry.prefix.endsWith('a/')) yield entry
        }
      },
    }),
  'a listing of all shows everything below a folder, once, and nothing beside it': byNamePrefix,
  'a listing of a folder that does not exist is empty': byNamePrefix,
  'the empty prefix lists the root': (memory) =>
    alter(memory, {
      list: async function* (prefix, options) {
        if (prefix !== '') yield* memory.list(prefix, options)
      },
    }),
  'a listing comes in the order of keys': (memory) =>
    alter(memory, {
      list: async function* (prefix, options) {
        const entries = await Array.fromAsync(memory.list(prefix, options))
        yield* entries.filter((entry) => entry.kind === 'folder')
        yield* entries.filter((entry) => entry.kind === 'object').toReversed()
      },
    }),
  'a listing that starts after a key misses nothing after it': (memory) =>
    alter(memory, {
      list: async function* (prefix, options) {
        let behind = 0
        for await (const entry of memory.list(prefix, options)) {
          if (options.startAfter === undefined || behind++ > 0) yield entry
        }
      },
    }),
  'more than 1,000 names are listed, and deleted, completely': (memory) =>
    alter(memory, {
      list: async function* (prefix, options) {
        let listed = 0
        for await (const entry of memory.list(prefix, options)) if (listed++ < 1000) yield entry
      },
    }),
  'deleted objects are not listed, nor a folder whose objects were all deleted': (memory) => {
    const folders = new Set<string>()
    return alter(memory, {
      put: async (key, body, options) => {
        folders.add(key.slice(0, key.lastIndexOf('/') + 1))
        return await memory.put(key, body, options)
      },
      list: async function* (prefix, options) {
        if (options.depth === 'all') yield* memory.list(prefix, options)
        else {
          for (const folder of [...folders].toSorted()) {
            if (folder.startsWith(prefix) && folder !== prefix) {
              yield { kind: 'folder', prefix: folder as typeof prefix }
            }
          }
          for await (const entry of memory.list(prefix, options)) {
            if (entry.kind === 'object') yield entry
          }
        }
      },
    })
  },
  'an object that was listed may be deleted while the listing continues': (memory) =>
    alter(memory, {
      // Pages by number: what is deleted moves the next page.
      list: async function* (prefix, options) {
        for (let position = 0; ; position++) {
          const entries = await Array.fromAsync(memory.list(prefix, options))
          const entry = entries[position]
          if (entry === undefined) return
          yield entry
        }
      },
    }),

  'delete removes an object for every client, and succeeds when there is none': (memory) =>
    alter(memory, {
      delete: async (key, options) => {
        await using reader = await memory.get(key)
        await memory.delete(reader.info.key, options)
      },
    }),
  'a conditional delete removes exactly the version that was named': (memory) =>
    alter(memory, { delete: (key) => memory.delete(key) }),
  'deleteMany reports a result for each key, also for objects that do not exist': (memory) =>
    alter(memory, {
      deleteMany: async function* (keys) {
        for await (const key of keys) {
          if ((await memory.head(key)) !== undefined) yield* memory.deleteMany([key])
        }
      },
    }),
  'deleteMany of nothing does nothing': (memory) =>
    alter(memory, {
      deleteMany: async function* (keys, options) {
        const wanted = await Array.fromAsync(keys)
        const all = [...memory.contents().keys()]
        yield* memory.deleteMany(wanted.length === 0 ? all : wanted, options)
      },
    }),

  'a key of odd characters is kept as it is, and distinguished from its lookalikes': (memory) =>
    alter(memory, {
      put: (key, body, options) => memory.put(objectKey(key.replaceAll('+', ' ')), body, options),
      get: (key, options) => memory.get(objectKey(key.replaceAll('+', ' ')), options),
      head: (key, options) => memory.head(objectKey(key.replaceAll('+', ' ')), options),
    }),
  'a folder of odd characters is listed as it is, and its objects are deleted': (memory) =>
    alter(memory, {
      list: (prefix, options) =>
        mapped(memory.list(prefix, options), (entry) =>
          entry.kind === 'folder'
            ? { ...entry, prefix: encodeURI(entry.prefix) as typeof entry.prefix }
            : entry,
        ),
    }),
  'conditions hold for keys of odd characters': (memory) =>
    alter(memory, {
      put: async (key, body, options) => {
        const odd = options.condition.kind === 'if-version' ? objectKey(encodeURI(key)) : key
        return await memory.put(odd, body, options)
      },
    }),

  'a call that is aborted beforehand does nothing, and rejects with the reason given': (memory) =>
    alter(memory, {
      sweepUnfinished: (prefix, { olderThanMs }) =>
        memory.sweepUnfinished(prefix, { olderThanMs, isOurs: () => true }),
    }),
  'a body ends with the reason when it is aborted midway': (memory) =>
    alter(memory, { get: (key, options = {}) => memory.get(key, without(options, 'signal')) }),
  'deletions that are aborted midway end with the reason': (memory) =>
    alter(memory, {
      deleteMany: (keys, options = {}) => memory.deleteMany(keys, without(options, 'signal')),
    }),
  'a writer that is aborted commits nothing': (memory) =>
    alter(memory, {
      openWriter: (key, options) => memory.openWriter(key, without(options, 'signal')),
    }),

  'of many clients that create one object, one wins': lookingFirst,
  'of many clients that count in one object, none loses a count': lookingFirst,

  'reading from a missing container fails with STORAGE_CONTAINER_NOT_FOUND': (memory) =>
    alter(memory, { head: async () => undefined }),
  'listing a missing container fails with STORAGE_CONTAINER_NOT_FOUND': (memory) =>
    alter(memory, { list: async function* () {} }),
  'writing to a missing container fails with STORAGE_CONTAINER_NOT_FOUND, and makes none': (
    memory,
  ) =>
    alter(memory, {
      put: async (key, body) => ({
        key,
        size: body.byteLength,
        version: 'v' as ObjectVersion,
        lastModified: new Date(0),
      }),
    }),
}
