import type { ObjectInfo, ObjectKey, ObjectVersion, StoredObject } from '@kannery/storage'
import { type Attempt, errors } from './errors.ts'

/**
 * The fields of an object resource that this backend uses.
 * https://cloud.google.com/storage/docs/json_api/v1/objects
 */
export interface Metadata {
  readonly name?: string | undefined
  readonly size?: string | number | undefined
  readonly generation?: string | number | undefined
  readonly updated?: string | undefined
  readonly crc32c?: string | undefined
}

/** When Google answered with metadata, by its own clock. */
export interface Answered {
  readonly answeredAt: Date | undefined
}

export const metadataFields = 'name,size,generation,updated'

/**
 * Returns what Google says about an object in the form of the contract.
 *
 * @throws STORAGE_UNSUPPORTED when something is missing
 */
export function describe(
  key: ObjectKey,
  metadata: Metadata & Answered,
  attempt: Attempt,
): StoredObject {
  const info = describeListed(key, metadata)
  const { answeredAt } = metadata
  if (info?.version !== undefined) return { ...info, version: info.version, answeredAt }
  throw errors.strangeAnswer(attempt, 'it has no size, generation or time')
}

export function describeListed(key: ObjectKey, metadata: Metadata): ObjectInfo | undefined {
  const { size, generation, updated } = metadata
  if (size === undefined || updated === undefined) return undefined
  const version = generation === undefined ? undefined : (String(generation) as ObjectVersion)
  return { key, size: Number(size), lastModified: new Date(updated), version }
}
