import { type ChunkHeaderFacts, type Damage, salvageSegment } from '@kannery/core/segment'
import {
  type CallOptions,
  KanneryError,
  type ObjectKey,
  type StorageBackend,
} from '@kannery/storage'
import { type BatchHeader, walkBatches } from '../record-batch/header.ts'
import { decodeRecords } from '../record-batch/records.ts'
import type { Place } from './chunk-batches.ts'

/** A chunk of a segment whose footer is lost. */
export interface SalvagedChunk {
  readonly facts: ChunkHeaderFacts
  readonly raw: Uint8Array
  readonly place: Place
  readonly isAborted: (partition: number, header: BatchHeader) => boolean
}

export interface SalvageOptions extends CallOptions {
  readonly onDamage: (damage: Damage) => void
}

/**
 * Yields the intact chunks of a segment without a footer. The footer lists aborted transactions;
 * without it, the markers in the segment decide. If the marker of a transaction is not found, its
 * records are left out and reported.
 */
export async function* salvagedChunks(
  storage: StorageBackend,
  key: ObjectKey,
  { onDamage, ...call }: SalvageOptions,
): AsyncGenerator<SalvagedChunk, void, undefined> {
  const markers = new Markers()
  for await (const part of salvageSegment(storage, key, call)) {
    if (part.kind === 'damage') markers.addDamage()
    else markers.addChunk(part.chunk.facts, part.chunk.raw)
  }
  let stretch = 0
  for await (const part of salvageSegment(storage, key, call)) {
    if (part.kind === 'damage') {
      stretch += 1
      onDamage(part.damage)
      continue
    }
    const { facts, raw, position, storedLength } = part.chunk
    const place = { key, from: position, to: position + chunkHeaderBytes + storedLength }
    const own = stretch
    const isAborted = (partition: number, header: BatchHeader): boolean => {
      const end = markers.endOf(partition, header, own)
      if (end === 'unknown') onDamage({ ...place, reason: reasonFor(header) })
      return end !== 'committed'
    }
    yield { facts, raw, place, isAborted }
  }
}

const chunkHeaderBytes = 68
/** Kafka's ControlRecordType. */
const commitMarker = 1

interface Marker {
  readonly offset: number
  readonly stretch: number
  readonly committed: boolean
}

/** The markers of one producer in one partition. */
interface MarkerLine {
  /** In ascending order. */
  readonly markers: Marker[]
  /** Number of markers before the batch that was asked about last. */
  at: number
}

/**
 * The markers that end transactions. Damage divides the segment into stretches: a marker may be
 * lost between two of them.
 */
class Markers {
  readonly #lines = new Map<string, MarkerLine>()
  #stretch = 0
  /** Whether some markers could not be read. Then none is trusted. */
  #unreadable = false

  addDamage(): void {
    this.#stretch += 1
  }

  addChunk({ kind, partition, flags }: ChunkHeaderFacts, raw: Uint8Array): void {
    if (kind !== 'batches' || flags.transactional !== true) return
    try {
      this.#addMarkers(partition, raw)
    } catch (error) {
      if (!KanneryError.is(error, 'KAFKA_DATA_CORRUPT')) throw error
      this.#unreadable = true
    }
  }

  /** Returns how the transaction of a batch ended. Must be called in the order of offsets. */
  endOf(
    partition: number,
    header: BatchHeader,
    stretch: number,
  ): 'committed' | 'aborted' | 'unknown' {
    if (!header.isTransactional) return 'committed'
    const line = this.#lines.get(keyOf(partition, header))
    if (line === undefined || this.#unreadable) return 'unknown'
    while ((line.markers[line.at]?.offset ?? Number.POSITIVE_INFINITY) < header.baseOffset)
      line.at += 1
    const next = line.markers[line.at]
    if (next?.stretch !== stretch) return 'unknown'
    return next.committed ? 'committed' : 'aborted'
  }

  #addMarkers(partition: number, raw: Uint8Array): void {
    for (const header of walkBatches(raw)) {
      if (!header.isControl || header.records === 0) continue
      const committed = markerType(raw, header) === commitMarker
      const marker = { offset: header.baseOffset, stretch: this.#stretch, committed }
      const line = this.#lines.get(keyOf(partition, header))
      if (line === undefined)
        this.#lines.set(keyOf(partition, header), { markers: [marker], at: 0 })
      else line.markers.push(marker)
    }
  }
}

function keyOf(partition: number, { producerId }: BatchHeader): string {
  return `${partition}/${producerId}`
}

/** Returns the type of a control record: the second int16 of its key (KIP-98). */
function markerType(raw: Uint8Array, header: BatchHeader): number | undefined {
  const key = Buffer.from(decodeRecords(raw, header)[0]?.key ?? [])
  return key.length < 4 ? undefined : key.readInt16BE(2)
}

function reasonFor({ producerId, baseOffset }: BatchHeader): string {
  return `the footer is lost, and with it whether the transaction of producer ${producerId} with the batch at offset ${baseOffset} was committed`
}
