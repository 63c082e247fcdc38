import type { Advice, ErrorCode, KanneryError, StorageCapabilities } from '@kannery/storage'
import { probe } from '@kannery/storage/client'
import { locationOf } from '../storage/configured-backend.ts'
import { openExistingBackend, type StorageLocation } from '../storage/open-storage.ts'
import { systemClock, systemRandom } from '../system.ts'

export interface StorageProbe {
  readonly location: string
  readonly type: string
  readonly capabilities: StorageCapabilities
  /** Whether the credentials may delete. */
  readonly canDelete: boolean
  readonly warnings: readonly {
    readonly code: ErrorCode
    readonly message: string
    readonly why: string | undefined
    readonly remedy: string
    readonly advice: Advice | undefined
  }[]
  readonly durationMs: number
}

/**
 * Probes a storage as every backup does when it opens one: tries with two small objects, which are
 * deleted again, whether the store keeps the preconditions that it accepts.
 *
 * @throws STORAGE_UNSUPPORTED when two backups could overwrite each other there, and every other
 *   STORAGE_* error
 */
export async function probeStorage(location: StorageLocation): Promise<StorageProbe> {
  await using backend = await openExistingBackend(location)
  const startMs = systemClock.monotonic()
  const report = await probe(backend, { random: systemRandom })
  const { ifVersionDelete, ifAbsentAfterDelete } = report
  return {
    location: locationOf(backend, location.storage),
    type: backend.type,
    capabilities: { ...backend.capabilities, ifVersionDelete, ifAbsentAfterDelete },
    canDelete: report.canDelete,
    warnings: report.warnings.map(describe),
    durationMs: Math.round(systemClock.monotonic() - startMs),
  }
}

function describe(warning: KanneryError): StorageProbe['warnings'][number] {
  const { code, message, why, remedy, advice } = warning
  return { code, message, why, remedy, advice }
}
