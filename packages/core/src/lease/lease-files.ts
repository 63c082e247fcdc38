import { asInteger, asObject, asString } from '../json/json-values.ts'
import { isUlid, type Ulid } from '../ulid/ulid.ts'

/**
 * The content of `__lease`. Its times are for people: the age of a lease is that of the object in
 * the storage.
 */
export interface Lease {
  readonly format: 1
  readonly state: 'held' | 'released'
  readonly topic: string
  /** Id of the worker, which is the name of its heartbeat. */
  readonly worker: Ulid
  /** A description of the holder for people. */
  readonly holder: string
  /** A worker with the same identity may take the lease over at once; null: no worker may. */
  readonly identity: string | null
  readonly ttlMs: number
  /** ISO 8601, by the holder's clock. */
  readonly since: string
  /** Random, so that no two leases have the same bytes. */
  readonly nonce: string
}

/** The content of a heartbeat. Only the time of its last write in the storage is evaluated. */
export interface HeartbeatFile {
  readonly format: 1
  readonly worker: Ulid
  readonly holder: string
  readonly identity: string | null
  readonly ttlMs: number
  /** ISO 8601, by the worker's clock. */
  readonly since: string
  readonly beat: number
  readonly nonce: string
}

/** The most bytes of a lease or heartbeat that are read. */
export const maxLeaseBytes: number = 64 * 1024

/** Returns the bytes of a lease or heartbeat: one line of JSON. */
export function encodeLeaseFile(file: Lease | HeartbeatFile): Uint8Array {
  return Buffer.from(`${JSON.stringify(file)}\n`)
}

/**
 * Parses a lease; undefined for one that Kannery did not write. Such a lease counts as held by an
 * unknown holder.
 */
export function parseLease(bytes: Uint8Array): Lease | undefined {
  try {
    const { format, state, worker, identity, ...others } = asObject(
      JSON.parse(Buffer.from(bytes).toString()),
      'the lease',
    )
    if (format !== 1 || !isUlid(worker)) return undefined
    if (state !== 'held' && state !== 'released') return undefined
    const { topic, holder, ttlMs, since, nonce } = others
    return {
      format,
      state,
      topic: asString(topic, 'topic'),
      worker,
      holder: asString(holder, 'holder'),
      identity: identity === null ? null : asString(identity, 'identity'),
      ttlMs: asInteger(ttlMs, 'ttlMs', 1),
      since: asString(since, 'since'),
      nonce: asString(nonce, 'nonce'),
    }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

/**
 * Returns the time to live in a heartbeat, milliseconds; undefined for one that Kannery did not
 * write.
 */
export function parseHeartbeatTtl(bytes: Uint8Array): number | undefined {
  try {
    const { ttlMs } = asObject(JSON.parse(Buffer.from(bytes).toString()), 'the heartbeat')
    return asInteger(ttlMs, 'ttlMs', 1)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}
