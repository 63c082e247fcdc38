import type { ObjectVersion, StorageBackend, StoredObject, WriteCondition } from '../backend.ts'
import type { Random } from '../environment.ts'
import { KanneryError } from '../errors/kannery-error.ts'
import { isConflict } from '../errors/predicates.ts'
import { keyPrefix, type ObjectKey, objectKey } from '../object-key.ts'

/** What a probe found out about a storage that can be used. */
export interface ProbeReport {
  /**
   * Whether the store keeps the condition of a deletion. If not, it ignores the condition or has
   * none: a caller must delete in another way. Without the permission to delete, it is what the
   * backend states.
   */
  readonly ifVersionDelete: boolean
  /**
   * Whether a deleted object can be created again. If not, a caller must replace an object that it
   * would delete for others to create. Without the permission to delete, it is what the backend
   * states.
   */
  readonly ifAbsentAfterDelete: boolean
  /**
   * Whether these credentials may delete. If not, two small objects of the probe stay, and the next
   * probe uses them again.
   */
  readonly canDelete: boolean
  /**
   * What the user should know although the storage can be used: STORAGE_UNSUPPORTED for a missing
   * feature that backups can do without, STORAGE_DENIED for the missing permission to delete. They
   * are not thrown.
   */
  readonly warnings: readonly KanneryError[]
}

/** Number of times that a probe tries to replace an object that other probes replace, too. */
const maxReplacements = 5

/**
 * Finds out whether a storage keeps the conditions that it accepts: some stores accept and ignore
 * them. Also checks that the absence of an object can be seen, which some stores allow only with a
 * permission of its own. Writes two small objects beside the topics, under names that were never
 * used (`~probe-…`), and deletes them, also after an error. Do not probe a storage that is only
 * read: the credentials may not suffice.
 *
 * Pass the result's `ifVersionDelete` and `ifAbsentAfterDelete` on to `decorate` as `capabilities`.
 * The storage should be decorated with retries already: the probe makes none.
 *
 * @throws STORAGE_UNSUPPORTED when a condition on create or replace is missing or ignored;
 *   STORAGE_DENIED when a permission is missing to look, list or write; what the storage throws
 */
export async function probe(
  storage: StorageBackend,
  options: { readonly random: Random },
): Promise<ProbeReport> {
  const { ifAbsent, ifVersion } = storage.capabilities
  if (!ifAbsent || !ifVersion) throw ignores(storage, 'conditions', 'it has none')
  const id = Buffer.from(options.random.bytes(16)).toString('hex')
  const denial = await denialOfDeletion(storage, objectKey(`~probe-${id}-none`))
  if (denial !== undefined) return await probeWithoutDeletion(storage, id, denial)
  const [key, otherKey] = [objectKey(`~probe-${id}-a`), objectKey(`~probe-${id}-b`)]
  try {
    const versions = await probeWrites(storage, { key, otherKey, id })
    await probeReads(storage, objectKey(`~probe-${id}-none`))
    const report = await probeDelete(storage, key, versions)
    if (!report.canDelete) return report
    await storage.delete(otherKey)
    const ifAbsentAfterDelete = await createsAgain(storage, otherKey)
    const warnings = ifAbsentAfterDelete ? [] : [keepsMarkers(storage)]
    return { ...report, ifAbsentAfterDelete, warnings: [...report.warnings, ...warnings] }
  } catch (error) {
    await cleanUp(storage, [key, otherKey])
    throw error
  }
}

/**
 * Deletes an object that does not exist, to see whether deletions are denied: stores check the
 * permission first.
 */
async function denialOfDeletion(
  storage: StorageBackend,
  missing: ObjectKey,
): Promise<KanneryError | undefined> {
  try {
    await storage.delete(missing)
    return undefined
  } catch (error) {
    if (KanneryError.is(error, 'STORAGE_DENIED')) return error
    // The first write makes the folder of a new backup, or says that the bucket is missing.
    if (KanneryError.is(error, 'STORAGE_CONTAINER_NOT_FOUND')) return undefined
    throw error
  }
}

/**
 * Looks for an object that does not exist: without the permission to list, S3 and Google answer "no
 * permission". This comes after the first write, which creates the folder of a new backup.
 */
async function probeReads(storage: StorageBackend, missing: ObjectKey): Promise<void> {
  await storage.head(missing)
  for await (const _ of storage.list(keyPrefix(''), { depth: 'children' })) break
}

/**
 * Probes with names that are always the same, because objects with new names would accumulate.
 * Others may probe at the same time.
 */
async function probeWithoutDeletion(
  storage: StorageBackend,
  id: string,
  denial: KanneryError,
): Promise<ProbeReport> {
  await probeWrites(storage, { key: objectKey('~probe-a'), otherKey: objectKey('~probe-b'), id })
  await probeReads(storage, objectKey(`~probe-${id}-none`))
  const { ifVersionDelete, ifAbsentAfterDelete } = storage.capabilities
  const warnings = [cannotDelete(storage, denial)]
  return { ifVersionDelete, ifAbsentAfterDelete, canDelete: false, warnings }
}

interface ProbedObjects {
  readonly key: ObjectKey
  readonly otherKey: ObjectKey
  /** Id of this probe, by which its content differs from that of all others. */
  readonly id: string
}

interface ProbedVersions {
  readonly current: ObjectVersion
  readonly stale: ObjectVersion
}

async function probeWrites(
  storage: StorageBackend,
  { key, otherKey, id }: ProbedObjects,
): Promise<ProbedVersions> {
  const missing = objectKey(`~probe-${id}-missing`)
  const write = async (name: ObjectKey, text: string, condition: WriteCondition) =>
    await storage.put(name, Buffer.from(`${text} ${name} ${id}`), { condition })

  const first = await createOrFind(storage, key, () => write(key, 'first', { kind: 'if-absent' }))
  const other = await createOrFind(storage, otherKey, () =>
    write(otherKey, 'other', { kind: 'if-absent' }),
  )
  await mustConflict(storage, 'an object that exists is created again', () =>
    write(key, 'second', { kind: 'if-absent' }),
  )
  await mustConflict(storage, 'an object is replaced that has another version', () =>
    write(key, 'third', { kind: 'if-version', version: other.version }),
  )
  await mustConflict(
    storage,
    'an object is replaced that is not there',
    () => write(missing, 'fourth', { kind: 'if-version', version: first.version }),
    () => cleanUp(storage, [missing]),
  )
  const second = await replace(storage, key, first, (version) =>
    write(key, 'fifth', { kind: 'if-version', version }),
  )
  if (second.current === second.stale) {
    throw ignores(storage, 'versions', 'two different objects got the same one')
  }
  return second
}

async function createOrFind(
  storage: StorageBackend,
  key: ObjectKey,
  create: () => Promise<StoredObject>,
): Promise<StoredObject> {
  try {
    return await create()
  } catch (error) {
    const found = isConflict(error) ? await storage.head(key) : undefined
    if (found === undefined) throw error
    return found
  }
}

/** Replaces an object that other probes without the permission to delete may replace, too. */
async function replace(
  storage: StorageBackend,
  key: ObjectKey,
  first: StoredObject,
  write: (version: ObjectVersion) => Promise<StoredObject>,
): Promise<ProbedVersions> {
  let stale = first.version
  for (let tries = 1; ; tries++) {
    try {
      const { version: current } = await write(stale)
      return { current, stale }
    } catch (error) {
      const found =
        isConflict(error) && tries < maxReplacements ? await storage.head(key) : undefined
      if (found === undefined || found.version === stale) throw error
      stale = found.version
    }
  }
}

async function mustConflict(
  storage: StorageBackend,
  what: string,
  write: () => Promise<StoredObject>,
  cleanUpAfter: () => Promise<void> = async () => undefined,
): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (isConflict(error)) return
    throw error
  }
  await cleanUpAfter()
  throw ignores(storage, 'conditions', `it reports success where ${what}`)
}

async function probeDelete(
  storage: StorageBackend,
  key: ObjectKey,
  { current, stale }: ProbedVersions,
): Promise<ProbeReport> {
  try {
    const ifVersionDelete = await keepsObjectOfOtherVersion(storage, key, stale)
    await storage.delete(key, ifVersionDelete ? { ifVersion: current } : {})
    const warnings = ifVersionDelete ? [] : [ignoresDeleteCondition(storage)]
    return { ifVersionDelete, ifAbsentAfterDelete: true, canDelete: true, warnings }
  } catch (error) {
    if (!KanneryError.is(error, 'STORAGE_DENIED')) throw error
    const { ifVersionDelete, ifAbsentAfterDelete } = storage.capabilities
    const warnings = [cannotDelete(storage, error)]
    return { ifVersionDelete, ifAbsentAfterDelete, canDelete: false, warnings }
  }
}

async function keepsObjectOfOtherVersion(
  storage: StorageBackend,
  key: ObjectKey,
  stale: ObjectVersion,
): Promise<boolean> {
  if (!storage.capabilities.ifVersionDelete) return false
  try {
    await storage.delete(key, { ifVersion: stale })
    return false
  } catch (error) {
    if (isConflict(error)) return true
    if (KanneryError.is(error, 'STORAGE_UNSUPPORTED')) return false
    throw error
  }
}

/** Returns whether a deleted object can be created again, and deletes it again if so. */
async function createsAgain(storage: StorageBackend, key: ObjectKey): Promise<boolean> {
  if (!storage.capabilities.ifAbsentAfterDelete) return false
  try {
    await storage.put(key, Buffer.from(`again ${key}`), { condition: { kind: 'if-absent' } })
  } catch (error) {
    if (isConflict(error)) return false
    throw error
  }
  await storage.delete(key)
  return true
}

/** Deletes objects of the probe. Never throws: the error that ended the probe matters more. */
async function cleanUp(storage: StorageBackend, keys: readonly ObjectKey[]): Promise<void> {
  for (const key of keys) await storage.delete(key).catch(() => undefined)
}

function ignores(storage: StorageBackend, what: string, why: string): KanneryError {
  return new KanneryError('STORAGE_UNSUPPORTED', `this storage does not keep ${what}`, {
    why: `${why}: two backups could overwrite each other`,
    facts: { backend: storage.type, operation: 'probe' },
  })
}

function ignoresDeleteCondition(storage: StorageBackend): KanneryError {
  return new KanneryError(
    'STORAGE_UNSUPPORTED',
    'this storage ignores the condition of a conditional delete',
    {
      why: 'a lease is therefore marked as released before it is deleted',
      remedy: 'Nothing has to be done. Backups stay safe: the epoch in the index protects them.',
      facts: { backend: storage.type, operation: 'probe' },
    },
  )
}

function keepsMarkers(storage: StorageBackend): KanneryError {
  return new KanneryError(
    'STORAGE_UNSUPPORTED',
    'this storage does not create an object again that was deleted',
    {
      why: 'it takes the marker that a deletion leaves in a versioned bucket for an object; a lease is therefore marked as released and stays',
      remedy:
        'Nothing has to be done for backups. A topic whose folder was deleted can be backed up again only after all versions of its objects were deleted.',
      facts: { backend: storage.type, operation: 'probe' },
    },
  )
}

function cannotDelete(storage: StorageBackend, cause: KanneryError): KanneryError {
  return cause.with({
    message: 'these credentials may not delete objects',
    why: `${cause.message}; released leases and expired segments remain`,
    facts: { backend: storage.type, operation: 'probe' },
  })
}
