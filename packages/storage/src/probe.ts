import type { ObjectVersion, StorageBackend, StoredObject, WriteCondition } from './backend.ts'
import type { Random } from './environment.ts'
import { isConflict, KanneryError } from './errors.ts'
import { type ObjectKey, objectKey } from './object-key.ts'

export interface ProbeReport {
  /** false: the store ignores the condition on delete, or has none. Whoever deletes must find another way. */
  readonly ifVersionDelete: boolean
  /** false: these credentials may not delete. What the probe wrote then stays behind. */
  readonly canDelete: boolean
  /** What a person should know although the storage can be used. */
  readonly warnings: readonly KanneryError[]
}

/**
 * Tries whether a store keeps the conditions that it accepts: some take them and ignore them. Writes two small objects beside the
 * topics, under names that were never used, and deletes them. Not for readers: their credentials need not suffice.
 *
 * @throws STORAGE_UNSUPPORTED when a condition on create or replace is ignored; what the storage throws
 */
export async function probe(
  storage: StorageBackend,
  options: { readonly random: Random },
): Promise<ProbeReport> {
  const { ifAbsent, ifVersion } = storage.capabilities
  if (!ifAbsent || !ifVersion) throw ignores(storage, 'conditions', 'it has none')
  const name = `~probe-${Buffer.from(options.random.bytes(16)).toString('hex')}`
  const [key, otherKey] = [objectKey(`${name}-a`), objectKey(`${name}-b`)]
  try {
    const versions = await probeWrites(storage, key, otherKey)
    const report = await probeDelete(storage, key, versions)
    if (report.canDelete) await storage.delete(otherKey)
    return report
  } catch (error) {
    await cleanUp(storage, [key, otherKey])
    throw error
  }
}

interface ProbedVersions {
  readonly current: ObjectVersion
  readonly stale: ObjectVersion
}

async function probeWrites(
  storage: StorageBackend,
  key: ObjectKey,
  otherKey: ObjectKey,
): Promise<ProbedVersions> {
  const missing = objectKey(`${key}-missing`)
  const write = async (name: ObjectKey, text: string, condition: WriteCondition) =>
    await storage.put(name, Buffer.from(`${text} ${key}`), { condition })

  const first = await write(key, 'first', { kind: 'if-absent' })
  const other = await write(otherKey, 'other', { kind: 'if-absent' })
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
  const second = await write(key, 'fifth', { kind: 'if-version', version: first.version })
  if (second.version === first.version) {
    throw ignores(storage, 'versions', 'two different objects got the same one')
  }
  return { current: second.version, stale: first.version }
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
    return { ifVersionDelete, canDelete: true, warnings }
  } catch (error) {
    if (!KanneryError.is(error, 'STORAGE_DENIED')) throw error
    const { ifVersionDelete } = storage.capabilities
    return { ifVersionDelete, canDelete: false, warnings: [cannotDelete(storage, error)] }
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

/** Hides no other error. */
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

function cannotDelete(storage: StorageBackend, cause: KanneryError): KanneryError {
  return new KanneryError('STORAGE_DENIED', 'these credentials may not delete objects', {
    cause,
    why: `${cause.message}; released leases and expired segments stay behind`,
    remedy: cause.remedy,
    facts: { ...cause.facts, backend: storage.type, operation: 'probe' },
  })
}
