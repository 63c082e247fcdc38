import type { StorageBackend } from '@kannery/storage'

/** `storage`, but with other answers. */
export function alter(storage: StorageBackend, changes: Partial<StorageBackend>): StorageBackend {
  return {
    type: storage.type,
    location: storage.location,
    capabilities: storage.capabilities,
    head: (key, options) => storage.head(key, options),
    get: (key, options) => storage.get(key, options),
    put: (key, body, options) => storage.put(key, body, options),
    openWriter: (key, options) => storage.openWriter(key, options),
    list: (prefix, options) => storage.list(prefix, options),
    delete: (key, options) => storage.delete(key, options),
    deleteMany: (keys, options) => storage.deleteMany(keys, options),
    sweepUnfinished: (prefix, options) => storage.sweepUnfinished(prefix, options),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
    ...changes,
  }
}
