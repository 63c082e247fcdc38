import {
  type CallOptions,
  isConflict,
  KanneryError,
  type ObjectKey,
  type ObjectReader,
  type StorageBackend,
  type StoredObject,
  type WriteCondition,
} from '@kannery/storage'
import { type Digest, RunningDigest } from '../digest/digest.ts'

/** An immutable object, and what an index says about it. */
export interface ObjectToCopy {
  readonly source: StorageBackend
  readonly target: StorageBackend
  readonly key: ObjectKey
  readonly bytes: number
  readonly digest: Digest
  readonly signal?: AbortSignal | undefined
}

/**
 * What became of an object. `reused`: the target had the same bytes already. `absent`: the source
 * has no such object.
 */
export type ObjectOutcome = 'sent' | 'reused' | 'absent'

/** The most bytes that a writer of the target may hold in memory. */
const maxBufferedBytes = 64 * 1024 * 1024
const maxAttempts = 4

/**
 * Copies an object that the target's index does not name yet. An existing object is read and
 * compared, and replaced if it is not whole. Nothing is published whose bytes do not match the
 * index.
 *
 * @throws DATA_CORRUPT when the source's object does not match its index; STORAGE_*
 */
export async function copyObject(object: ObjectToCopy): Promise<ObjectOutcome> {
  for (let attempt = 1; ; attempt++) {
    const there = await object.target.head(object.key, { signal: object.signal })
    if (there !== undefined && (await isWhole(object, there))) return 'reused'
    try {
      return await send(object, conditionOn(there))
    } catch (error) {
      if (attempt === maxAttempts || !mayHaveLanded(error)) throw error
    }
  }
}

async function isWhole(object: ObjectToCopy, there: StoredObject): Promise<boolean> {
  const { target, key, bytes, signal } = object
  if (there.size !== bytes) return false
  const reader = await open(target, key, { signal })
  if (reader === undefined) return false
  await using _ = reader
  const found = new RunningDigest()
  for await (const chunk of reader.body) found.update(chunk)
  return found.digest === object.digest && found.bytes === bytes
}

async function send(object: ObjectToCopy, condition: WriteCondition): Promise<ObjectOutcome> {
  const { source, target, key, bytes, digest, signal } = object
  const reader = await open(source, key, { signal })
  if (reader === undefined) return 'absent'
  await using _ = reader
  const { size } = reader.info
  if (size !== bytes) throw damaged(object, `it has ${size} bytes, the index says ${bytes}`)
  await using writer = await target.openWriter(key, { condition, maxBufferedBytes, signal })
  const found = new RunningDigest()
  for await (const chunk of reader.body) {
    found.update(chunk)
    await writer.write(chunk)
  }
  if (found.digest !== digest || found.bytes !== bytes) {
    throw damaged(object, `its digest is ${found.digest}, the index says ${digest}`)
  }
  await writer.commit()
  return 'sent'
}

async function open(
  storage: StorageBackend,
  key: ObjectKey,
  call: CallOptions,
): Promise<ObjectReader | undefined> {
  try {
    return await storage.get(key, call)
  } catch (error) {
    if (KanneryError.is(error, 'STORAGE_NOT_FOUND')) return undefined
    throw error
  }
}

function conditionOn(there: StoredObject | undefined): WriteCondition {
  return there === undefined
    ? { kind: 'if-absent' }
    : { kind: 'if-version', version: there.version }
}

/** Whether the object may have been written all the same, which reading it shows. */
function mayHaveLanded(error: unknown): boolean {
  return (
    isConflict(error) ||
    KanneryError.is(error, 'STORAGE_OUTCOME_UNKNOWN') ||
    KanneryError.is(error, 'STORAGE_REWRITE_NEEDED')
  )
}

function damaged({ source, key, bytes }: ObjectToCopy, why: string): KanneryError {
  const { location } = source
  return new KanneryError('DATA_CORRUPT', `${key} is damaged in the source; it was not copied`, {
    why,
    remedy: 'Verify the source to find all that is damaged in it; what was copied before is whole.',
    advice: { id: 'verify-backup', finding: 'damaged-source' },
    facts: { key, from: 0, to: bytes, location },
  })
}
