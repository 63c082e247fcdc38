import { objectKey } from '@kannery/storage'
import { alter } from './alter.ts'
import type { Breakage } from './broken-storages.ts'

const overwrite = { kind: 'overwrite' } as const

const imitating: Breakage = (memory) =>
  alter(memory, {
    put: (key, body) => memory.put(key, body, { condition: overwrite }),
    openWriter: (key) => memory.openWriter(key, { condition: overwrite }),
    delete: (key) => memory.delete(key),
  })

/** What a storage without the capability must not do. */
export const refusalBreakages: Readonly<Record<string, Breakage>> = {
  'if-absent creates an object, and never replaces one': imitating,
  'if-version replaces exactly the version that was named': imitating,
  'if-version fails for an object that never existed or was deleted, and creates nothing':
    imitating,
  'a key can be created again after its deletion, under another version': imitating,
  'an object can be locked until a date': imitating,
  'if-absent of a writer is checked at its commit': imitating,
  'if-version of a writer is checked at its commit': imitating,
  'a listing comes in the order of keys': (memory) =>
    alter(memory, {
      list: async function* (prefix, options) {
        let listed = 0
        for await (const entry of memory.list(prefix, options)) if (listed++ > 0) yield entry
      },
    }),
  'a conditional delete removes exactly the version that was named': imitating,
  'conditions hold for keys of odd characters': (memory) =>
    alter(memory, { get: (key, options) => memory.get(objectKey(encodeURI(key)), options) }),
  'of many clients that create one object, one wins': imitating,
  'of many clients that count in one object, none loses a count': imitating,
}
