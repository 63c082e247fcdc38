import { KanneryError } from '@kannery/storage'
import type { AbortedTransaction } from '../../protocol/fetch.ts'
import type { BatchHeader } from '../../record-batch/header.ts'
import { decodeRecords } from '../../record-batch/records.ts'

/** A batch's place in an aborted transaction. */
export interface AbortedPart {
  readonly producerId: bigint
  /** First offset of the transaction in the partition. */
  readonly first: number
  /** Offset of the abort marker, when the batch is the marker. */
  readonly marker: number | undefined
}

/** Kafka's ControlRecordType.ABORT. */
const abortMarker = 0

/**
 * Finds the batches of aborted transactions among those of one partition in one answer, as
 * consumers do: the broker lists the transactions that overlap the answer, and each ends at the
 * next abort marker of its producer. The list of each answer is complete, so that nothing is
 * carried from one answer to the next.
 */
export class AbortedBatches {
  /** Transactions that have not begun yet, by first offset. */
  readonly #coming: AbortedTransaction[]
  /** First offsets of the transactions that have begun, by producer id. */
  readonly #running = new Map<bigint, number>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = aborted.toSorted((one, other) => one.firstOffset - other.firstOffset)
  }

  /**
   * Returns the batch's place in an aborted transaction; undefined when it belongs to none. Batches
   * must be passed in the order of their offsets.
   */
  observe(buffer: Buffer, header: BatchHeader): AbortedPart | undefined {
    if (this.#coming.length > 0) this.#begin(header.nextOffset)
    if (this.#running.size === 0 || !header.isTransactional) return undefined
    const first = this.#running.get(header.producerId)
    if (first === undefined) return undefined
    const { producerId } = header
    if (!header.isControl) return { producerId, first, marker: undefined }
    if (!isAbortMarker(buffer, header)) return undefined
    this.#running.delete(producerId)
    return { producerId, first, marker: header.baseOffset }
  }

  #begin(nextOffset: number): void {
    for (let [next] = this.#coming; next !== undefined; [next] = this.#coming) {
      if (next.firstOffset >= nextOffset) return
      this.#running.set(next.producerId, next.firstOffset)
      this.#coming.shift()
    }
  }
}

/**
 * Reads the key of a control record: version and type, an int16 each (KIP-98). A batch that
 * compaction emptied has none.
 */
function isAbortMarker(buffer: Buffer, header: BatchHeader): boolean {
  const [record] = header.records === 0 ? [] : decodeRecords(buffer, header)
  if (record === undefined) return false
  const key = Buffer.from(record.key ?? [])
  if (key.length < 4) {
    throw new KanneryError('KAFKA_DATA_CORRUPT', 'a control record cannot be read', {
      why: `its key has ${key.length} bytes instead of 4`,
      facts: { offset: header.baseOffset },
    })
  }
  return key.readInt16BE(2) === abortMarker
}
