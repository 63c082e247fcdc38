// Parts of breakages.ts: storages that are wrong in one way, and pieces to build others from.
import {
  type ByteRange,
  type ListEntry,
  type ObjectKey,
  type ObjectWriter,
  objectKey,
  type StorageBackend,
  type WriterOptions,
} from '@kannery/storage'
import type { MemoryStorage } from '../src/index.ts'
import { alter } from './alter.ts'

/** Makes a storage that breaks one promise of one that keeps them all. */
export type Breakage = (memory: MemoryStorage) => StorageBackend

const overwrite = { kind: 'overwrite' } as const

export function ignoring(memory: MemoryStorage, kind: string): StorageBackend {
  return alter(memory, {
    put: (key, body, options) =>
      memory.put(key, body, options.condition.kind === kind ? { condition: overwrite } : options),
  })
}

/** Looks, and then writes without a condition: others come in between. */
export function lookingFirst(memory: MemoryStorage): StorageBackend {
  const look = async (key: ObjectKey, { condition }: WriterOptions): Promise<void> => {
    const { version } = (await memory.head(key)) ?? {}
    const wanted = condition.kind === 'if-version' ? condition.version : undefined
    // Lets the true storage say it, if it is so.
    if (condition.kind !== 'overwrite' && version !== wanted) {
      await memory.put(key, new Uint8Array(), { condition })
    }
  }
  return alter(memory, {
    put: async (key, body, options) => {
      await look(key, options)
      return await memory.put(key, body, { condition: overwrite })
    },
  })
}

export function judgedAtOpening(memory: MemoryStorage): StorageBackend {
  return alter(memory, {
    openWriter: async (key, options) => {
      await memory.put(objectKey('elsewhere'), new Uint8Array(), { condition: overwrite })
      return await memory.openWriter(key, { ...options, condition: overwrite })
    },
  })
}

/** Takes a folder for the beginning of a name. */
export function byNamePrefix(memory: MemoryStorage): StorageBackend {
  return alter(memory, {
    list: async function* (prefix, options) {
      const beginning = prefix.slice(0, -1)
      for await (const entry of memory.list('' as typeof prefix, options)) {
        const name = entry.kind === 'object' ? entry.info.key : entry.prefix
        if (name.startsWith(beginning)) yield entry
      }
      for (const key of options.depth === 'all' ? [] : memory.contents().keys()) {
        const info = await memory.head(key)
        if (info && key.startsWith(beginning)) yield { kind: 'object', info }
      }
    },
  })
}

export function without<T extends object, K extends keyof T>(options: T, name: K): Omit<T, K> {
  const others = { ...options }
  delete others[name]
  return others
}

export async function* mapped(
  entries: AsyncIterable<ListEntry>,
  change: (entry: ListEntry) => ListEntry,
): AsyncGenerator<ListEntry> {
  for await (const entry of entries) yield change(entry)
}

export function withBody(
  memory: MemoryStorage,
  change: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): StorageBackend {
  return alter(memory, {
    get: async (key, options) => {
      const reader = await memory.get(key, options)
      return { ...withoutDispose(reader), body: change(reader.body) }
    },
  })
}

export function withRange(
  memory: MemoryStorage,
  change: (range: ByteRange, size: number) => ByteRange,
): StorageBackend {
  return alter(memory, {
    get: async (key, options = {}) => {
      const size = (await memory.head(key))?.size ?? 0
      const { range } = options
      return await memory.get(key, range ? { ...options, range: change(range, size) } : options)
    },
  })
}

export function withWriter(
  memory: MemoryStorage,
  change: (writer: ObjectWriter, key: ObjectKey) => ObjectWriter,
): StorageBackend {
  return alter(memory, {
    openWriter: async (key, options) => change(await memory.openWriter(key, options), key),
  })
}

export function forwarding(writer: ObjectWriter): ObjectWriter {
  return {
    write: (chunk) => writer.write(chunk),
    commit: () => writer.commit(),
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  }
}

export function withoutDispose<T extends AsyncDisposable>(reader: T): T {
  return { ...reader, [Symbol.asyncDispose]: async () => undefined }
}
