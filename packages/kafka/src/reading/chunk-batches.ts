import { type Damage, damageOf } from '@kannery/core/segment'
import { KanneryError } from '@kannery/storage'
import { type BatchHeader, walkBatches } from '../record-batch/header.ts'
import { type BackupBatch, selectBatch } from './backup-batch.ts'
import type { Span } from './segment-spans.ts'
import type { RestoreWindow } from './window.ts'

/** Batches of one partition that lie in one piece of memory. */
export interface BackupChunk {
  readonly partition: number
  readonly memory: Uint8Array
  /** In the order of their offsets. May be iterated once. */
  readonly batches: Iterable<BackupBatch>
}

/** Where damaged bytes lie, without the reason. */
export type Place = Omit<Damage, 'reason'>

/** The bytes of a chunk whose checksums are right, and where they lie. */
export interface ChunkToRead {
  readonly partition: number
  readonly raw: Uint8Array
  /** Byte range of the chunk with its header, in the object `key`. */
  readonly place: Place
  readonly span: Span
  readonly isAborted: (partition: number, header: BatchHeader) => boolean
}

/**
 * Returns the batches of a chunk that have selected records. What cannot be read although its
 * checksums are right (a producer can write that) is damage: it is reported to `onDamage` and left
 * out, or thrown if there is none.
 */
export function batchesOfChunk(
  chunk: ChunkToRead,
  window: RestoreWindow,
  onDamage?: (damage: Damage) => void,
): readonly BackupBatch[] {
  const { partition, raw, place, span } = chunk
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  const visibility = {
    ...span,
    window,
    isAborted: (header: BatchHeader) => chunk.isAborted(partition, header),
    explain: (error: unknown) => asDamage(place, error),
  }
  const batches: BackupBatch[] = []
  unlessDamaged(onDamage, () => {
    for (const header of headersOf(bytes, place)) {
      const batch = unlessDamaged(onDamage, () => selectBatch(partition, bytes, header, visibility))
      if (batch !== undefined) batches.push(batch)
    }
  })
  return batches
}

/**
 * Runs `read` and returns its result, or undefined after damage. Damage is reported to `onDamage`,
 * or thrown if there is none.
 */
export function unlessDamaged<T>(
  onDamage: ((damage: Damage) => void) | undefined,
  read: () => T,
): T | undefined {
  try {
    return read()
  } catch (error) {
    const damage = damageOf(error)
    if (damage === undefined || onDamage === undefined) throw error
    onDamage(damage)
    return undefined
  }
}

/** Returns damage as a DATA_CORRUPT, in the form in which core reports it. */
export function corrupt({ key, from, to, reason }: Damage): KanneryError {
  return new KanneryError('DATA_CORRUPT', `segment ${key} is damaged at bytes ${from}-${to}`, {
    why: reason,
    facts: { key, from, to },
  })
}

function* headersOf(bytes: Buffer, place: Place): Generator<BatchHeader> {
  let end = 0
  try {
    for (const header of walkBatches(bytes)) {
      yield header
      end = header.position + header.length
    }
  } catch (error) {
    throw asDamage(place, error)
  }
  if (end < bytes.length) throw corrupt({ ...place, reason: 'the chunk ends within a batch' })
}

function asDamage(place: Place, error: unknown): unknown {
  if (
    !KanneryError.is(error, 'KAFKA_DATA_CORRUPT') &&
    !KanneryError.is(error, 'KAFKA_UNSUPPORTED')
  ) {
    return error
  }
  const offset = error.facts['offset']
  const where = offset === undefined ? '' : ` (batch at offset ${offset})`
  return corrupt({ ...place, reason: `${error.message}: ${error.why ?? 'unreadable'}${where}` })
}
