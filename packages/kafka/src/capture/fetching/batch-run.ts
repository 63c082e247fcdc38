import { batchHeaderBytes, logOverhead, magicPosition } from '../../record-batch/header.ts'

/**
 * What the headers of one partition's batches in one answer say, before their checksums are
 * checked.
 */
export interface BatchRun {
  /** Length of the whole batches at the beginning, bytes. */
  readonly bytes: number
  /** Offset after the last whole batch; undefined when there is none. */
  readonly nextOffset: number | undefined
  /** Leader epoch of the last whole batch; −1 when there is none. */
  readonly leaderEpoch: number
  /** Bytes that the first batch needs, when not even that one is whole; else 0. */
  readonly neededBytes: number
}

/**
 * Walks the headers of `records` only to find where to read on, so that the next fetch can be sent
 * while checksums are checked. Stops at anything that is no batch of the present format; the check
 * then reports it.
 */
export function glanceAtBatches(records: Buffer): BatchRun {
  let position = 0
  let last = -1
  while (records.length - position >= batchHeaderBytes) {
    const length = records.readInt32BE(position + 8) + logOverhead
    if (length < batchHeaderBytes || records[position + magicPosition] !== 2) break
    if (length > records.length - position) break
    last = position
    position += length
  }
  if (last < 0) {
    return { bytes: 0, nextOffset: undefined, leaderEpoch: -1, neededBytes: neededBytes(records) }
  }
  const baseOffset = records.readInt32BE(last) * 2 ** 32 + records.readUInt32BE(last + 4)
  return {
    bytes: position,
    nextOffset: baseOffset + records.readInt32BE(last + 23) + 1,
    leaderEpoch: records.readInt32BE(last + 12),
    neededBytes: 0,
  }
}

function neededBytes(records: Buffer): number {
  if (records.length === 0) return 0
  const announced = records.length < logOverhead ? 0 : records.readInt32BE(8) + logOverhead
  return announced > records.length ? announced : 2 * records.length
}
