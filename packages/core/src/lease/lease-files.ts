import { asInteger, asObject, asString } from '../json/json-values.ts'
import { isUlid, type Ulid } from '../ulid/ulid.ts'

/** What stands in `__lease`. Times in it are for people: a lease's age is told by the storage. */
export interface Lease {
  readonly format: 1
  readonly state: 'held' | 'released'
  readonly topic: string
  /** Names the heartbeat. */
  readonly worker: Ulid
  /** For people: who it is. */
  readonly holder: string
  /** Who has the same one may take over at once; null for none. */
  readonly identity: string | null
  readonly ttlMs: number
  /** ISO 8601, by the holder's clock. */
  readonly since: string
  /** So that no two leases have the same bytes. */
  readonly nonce: string
}

/** What stands in a heartbeat. That it was written again is what counts. */
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

/** More is not read of what lies there. */
export const maxLeaseBytes: number = 64 * 1024

export function encodeLeaseFile(file: Lease | HeartbeatFile): Uint8Array {
  return Buffer.from(`${JSON.stringify(file)}\n`)
}

/** undefined for what Kannery did not write: its holder is unknown, but somebody's it is. */
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

/** Of a heartbeat, milliseconds; undefined for what Kannery did not write. */
export function parseHeartbeatTtl(bytes: Uint8Array): number | undefined {
  try {
    const { ttlMs } = asObject(JSON.parse(Buffer.from(bytes).toString()), 'the heartbeat')
    return asInteger(ttlMs, 'ttlMs', 1)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}
