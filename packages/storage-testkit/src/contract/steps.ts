import {
  type GetOptions,
  type KeyPrefix,
  keyPrefix,
  type ListOptions,
  type ObjectKey,
  objectKey,
  type StorageBackend,
  type StoredObject,
  type WriteCondition,
} from '@kannery/storage'
import type { CaseContext } from './contract-case.ts'
import { expectBytes, expectSame } from './expectations.ts'

export const ifAbsent: WriteCondition = { kind: 'if-absent' }
export const overwrite: WriteCondition = { kind: 'overwrite' }

export const text = (content: string): Uint8Array => Buffer.from(content)

export function at(context: CaseContext, name: string): ObjectKey {
  return objectKey(`${context.prefix}${name}`)
}

export function below(context: CaseContext, name: string): KeyPrefix {
  return keyPrefix(`${context.prefix}${name}`)
}

/** Waits before a key is written again: some stores demand time in between. */
export async function pause(context: CaseContext, storage: StorageBackend): Promise<void> {
  const { minRewriteIntervalMs } = storage.capabilities
  if (minRewriteIntervalMs > 0) await context.clock.sleep(minRewriteIntervalMs)
}

/** Writes a key for the first time. */
export async function create(
  storage: StorageBackend,
  key: ObjectKey,
  content: Uint8Array | string,
): Promise<StoredObject> {
  const body = typeof content === 'string' ? text(content) : content
  return await storage.put(key, body, { condition: overwrite })
}

export async function createAll(
  context: CaseContext,
  storage: StorageBackend,
  names: readonly string[],
): Promise<void> {
  const left = [...names]
  const one = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      await create(storage, at(context, name), `content of ${name}`)
    }
  }
  await Promise.all(Array.from({ length: 16 }, one))
}

export async function read(
  storage: StorageBackend,
  key: ObjectKey,
  options?: GetOptions,
): Promise<Buffer> {
  await using reader = await storage.get(key, options)
  return await collect(reader.body)
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

export async function expectContent(
  storage: StorageBackend,
  key: ObjectKey,
  content: Uint8Array | string,
  what: string,
): Promise<void> {
  const expected = typeof content === 'string' ? text(content) : content
  expectBytes(await read(storage, key), expected, what)
}

export async function expectAbsent(
  storage: StorageBackend,
  key: ObjectKey,
  what: string,
): Promise<void> {
  expectSame(await storage.head(key), undefined, what)
}

/** Lists the names below the context's prefix; folders end in a slash. */
export async function namesIn(
  context: CaseContext,
  storage: StorageBackend,
  options: ListOptions & { readonly folder?: string },
): Promise<string[]> {
  const { folder = '', ...listOptions } = options
  const names: string[] = []
  for await (const entry of storage.list(below(context, folder), listOptions)) {
    const name = entry.kind === 'object' ? entry.info.key : entry.prefix
    names.push(name.slice(context.prefix.length))
  }
  return names
}

/** Returns bytes that depend on the length and the seed alone, without long runs of one byte. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[index] = state >>> 16
  }
  return bytes
}
