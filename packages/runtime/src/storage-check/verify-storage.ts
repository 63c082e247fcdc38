import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Storage } from '@kannery/resources'
import {
  type Advice,
  errorCodes,
  KanneryError,
  type KeyPrefix,
  keyPrefix,
  type ObjectKey,
  objectKey,
  type StorageBackend,
} from '@kannery/storage'
import { decorate } from '@kannery/storage/client'
import type { ContractCase } from '@kannery/storage-testkit'
import { locationOf } from '../storage/configured-backend.ts'
import { openExistingBackend, type StorageLocation } from '../storage/open-storage.ts'
import { systemClock, systemRandom } from '../system.ts'
import { Latencies, type OperationLatency } from './latencies.ts'

/** `refused`: the store does not offer the feature, and refuses it as the contract demands. */
export type PromiseResult = 'kept' | 'refused' | 'broken'

/** One case of the storage contract, and its result. */
export interface CheckedPromise {
  readonly promise: string
  readonly result: PromiseResult
  readonly durationMs: number
  /** What the storage did instead, when the promise is broken. */
  readonly reason?: string
  readonly remedy?: string
  readonly advice?: Advice | undefined
}

/** What a verification of a storage found. */
export interface StorageVerification {
  readonly location: string
  readonly type: string
  readonly promises: readonly CheckedPromise[]
  readonly latencies: readonly OperationLatency[]
  /** Keys of test objects that could not be deleted; usually empty. */
  readonly leftBehind: readonly string[]
}

/** Which storage to verify, and against which contract. */
export interface VerifyStorageOptions {
  readonly storage: StorageLocation
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
  /** The cases to check. Defaults to the contract of all storages. */
  readonly contract?: readonly ContractCase[]
}

/**
 * Runs the storage contract against a storage, under a prefix of its own that is cleaned up
 * afterwards, also after an interruption. Calls go through the decorators that a backup uses.
 *
 * @throws STORAGE_* when the storage cannot be used at all
 */
export async function verifyStorage(options: VerifyStorageOptions): Promise<StorageVerification> {
  const { storage: location, signal, onProgress } = options
  const contract = options.contract ?? (await import('@kannery/storage-testkit')).storageContract
  const latencies = new Latencies()
  const open = async () => observed(await openExistingBackend(location), latencies)
  await using storage = await open()
  const scratch = scratchPrefix()
  // What is wrong with the address or the credentials is reported once, and not as fifty broken
  // promises.
  const condition = { kind: 'if-absent' } as const
  await storage.put(objectKey(`${scratch}first`), systemRandom.bytes(16), { condition })
  const promises: CheckedPromise[] = []
  let leftBehind: readonly string[] = []
  try {
    for (const [index, promise] of contract.entries()) {
      signal.throwIfAborted()
      onProgress(index, contract.length)
      const prefix = keyPrefix(`${scratch}${index}/`)
      promises.push(await check(promise, storage, { open, prefix }))
    }
  } finally {
    leftBehind = await cleanUp(storage, scratch)
    if (leftBehind.length === 0) await removeFolder(location.storage, scratch)
  }
  return {
    location: locationOf(storage, location.storage),
    type: storage.type,
    promises,
    latencies: latencies.summarize(),
    leftBehind,
  }
}

/** A call that keeps failing is an answer here. A backup has more patience. */
const retry = { deadlineMs: 10_000, attemptMs: 10_000 } as const

function observed(backend: StorageBackend, observer: Latencies): StorageBackend {
  return decorate(backend, { clock: systemClock, random: systemRandom, observer, retry })
}

/** Beside the topics: `~` is in no topic's name. */
function scratchPrefix(): KeyPrefix {
  return keyPrefix(`~verify-${Buffer.from(systemRandom.bytes(16)).toString('hex')}/`)
}

async function check(
  promise: ContractCase,
  { capabilities }: StorageBackend,
  place: { readonly open: () => Promise<StorageBackend>; readonly prefix: KeyPrefix },
): Promise<CheckedPromise> {
  const { runCase } = await import('@kannery/storage-testkit')
  const startMs = systemClock.monotonic()
  const checked = (result: PromiseResult): CheckedPromise => ({
    promise: promise.name,
    result,
    durationMs: Math.round(systemClock.monotonic() - startMs),
  })
  try {
    await runCase(promise, { ...place, random: systemRandom, clock: systemClock })
    const isLacking = promise.needs?.some((need) => capabilities[need] === false) ?? false
    return checked(isLacking ? 'refused' : 'kept')
  } catch (error) {
    return { ...checked('broken'), ...whatIsBroken(error) }
  }
}

/**
 * What a case of the contract saw, and what the storage's own error says to do, if there was one.
 */
function whatIsBroken(error: unknown): Pick<CheckedPromise, 'reason' | 'remedy' | 'advice'> {
  const cause = error instanceof Error ? error.cause : undefined
  const known = [error, cause].find((candidate) => KanneryError.is(candidate))
  return {
    reason: error instanceof Error ? error.message : String(error),
    ...(KanneryError.is(known)
      ? { remedy: known.remedy, advice: known.advice }
      : { remedy: errorCodes.STORAGE_UNSUPPORTED.remedy }),
  }
}

/** Returns what is still there. Hides no other error: what the check found is worth more. */
async function cleanUp(storage: StorageBackend, scratch: KeyPrefix): Promise<readonly string[]> {
  await Promise.allSettled([
    storage.sweepUnfinished(scratch, { olderThanMs: 0, isOurs: () => true }),
  ])
  await Promise.allSettled([removeObjects(storage, scratch)])
  try {
    return await keysBelow(storage, scratch)
  } catch {
    return [`${scratch}…`]
  }
}

/** Deletes all objects. Those that could not be deleted are still listed afterwards. */
async function removeObjects(storage: StorageBackend, prefix: KeyPrefix): Promise<void> {
  for await (const _ of storage.deleteMany(await keysBelow(storage, prefix)));
}

/**
 * Removes the scratch folder of a folder storage. Hidden markers in it outlive their objects, for
 * writers that may still come; here none will.
 */
async function removeFolder({ spec }: Storage, scratch: KeyPrefix): Promise<void> {
  if (spec.folder === undefined) return
  await rm(join(spec.folder.path, scratch), { recursive: true, force: true })
}

async function keysBelow(storage: StorageBackend, prefix: KeyPrefix): Promise<ObjectKey[]> {
  const keys: ObjectKey[] = []
  for await (const entry of storage.list(prefix, { depth: 'all' })) {
    if (entry.kind === 'object') keys.push(entry.info.key)
  }
  return keys
}
