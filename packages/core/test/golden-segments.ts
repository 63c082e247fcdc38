import { MemoryStorage, TestClock } from '@kannery/storage-testkit'
import { crc32c } from '../src/digest/crc32c.ts'
import { formatDigest } from '../src/digest/digest.ts'
import type { ChunkCodec } from '../src/segment/format/chunk-header.ts'
import { assemble, type ChunkFacts } from '../src/segment/format/encode-chunk.ts'
import type { AbortedRange } from '../src/segment/format/footer.ts'
import { SegmentWriter } from '../src/segment/writer.ts'
import { encodeGoldenBatch, type GoldenBatch, type GoldenRecord } from './record-batch.ts'
import { facts, sampleHeader, sampleKey } from './segments.ts'

/** One line of the JSON beside a golden file: what any reader of the format must find in it. */
export type GoldenLine = Readonly<Record<string, unknown>>

export interface GoldenSegment {
  readonly name: string
  readonly chunks: readonly GoldenChunk[]
  readonly aborted: readonly AbortedRange[]
}

export type GoldenChunk = {
  readonly facts: ChunkFacts
  /** With codec zstd: the frame, fixed for the same reason as compressed records are. */
  readonly frame?: Uint8Array
} & (
  | { readonly kind: 'batches'; readonly batches: readonly GoldenBatch[] }
  | { readonly kind: 'document'; readonly document: unknown }
)

export async function writeGoldenSegment(golden: GoldenSegment): Promise<Uint8Array> {
  const storage = MemoryStorage.open({ clock: new TestClock() })
  const output = await storage.openWriter(sampleKey, { condition: { kind: 'if-absent' } })
  const writer = new SegmentWriter(output, sampleHeader)
  for (const chunk of golden.chunks) {
    const raw = rawOf(chunk)
    const [codec, stored] = storedOf(chunk)
    const [rawCrc, storedCrc] = [crc32c(raw), crc32c(stored)]
    await writer.append(assemble(factsOf(chunk), raw, { codec, rawCrc, stored, storedCrc }))
  }
  await writer.finish({ aborted: golden.aborted })
  await output.commit()
  return storage.contents().get(sampleKey) ?? new Uint8Array()
}

/** With the numbers that follow from the batches. */
function factsOf(chunk: GoldenChunk): ChunkFacts {
  if (chunk.kind === 'document') return { ...chunk.facts, batches: 0, records: 0, maxBatchBytes: 0 }
  return {
    ...chunk.facts,
    batches: chunk.batches.length,
    records: chunk.batches.reduce((sum, { records }) => sum + records.length, 0),
    maxBatchBytes: Math.max(...chunk.batches.map((batch) => encodeGoldenBatch(batch).length)),
  }
}

function rawOf(chunk: GoldenChunk): Buffer {
  if (chunk.kind === 'document') return Buffer.from(JSON.stringify(chunk.document))
  return Buffer.concat(chunk.batches.map(encodeGoldenBatch))
}

function storedOf(chunk: GoldenChunk): [ChunkCodec, Uint8Array] {
  return chunk.frame === undefined ? ['none', rawOf(chunk)] : ['zstd', chunk.frame]
}

/** From what the file is made of, not by reading it. */
export function goldenLines(golden: GoldenSegment): GoldenLine[] {
  return [
    { header: sampleHeader },
    ...golden.chunks.flatMap((chunk, index) => [
      chunkLine(chunk, index),
      ...(chunk.kind === 'document'
        ? [{ chunk: index, document: chunk.document }]
        : chunk.batches.flatMap((batch) => batchLines(batch, { golden, chunk, index }))),
    ]),
    ...golden.aborted.map((aborted) => ({ aborted })),
  ]
}

function chunkLine(chunk: GoldenChunk, index: number): GoldenLine {
  const { maxBatchBytes: _, flags, ...facts } = factsOf(chunk)
  const raw = rawOf(chunk)
  const [codec, stored] = storedOf(chunk)
  return {
    chunk: index,
    ...facts,
    flags: Object.keys(flags).sort(),
    codec,
    rawLength: raw.length,
    storedLength: stored.length,
    raw: formatDigest(crc32c(raw)),
    stored: formatDigest(crc32c(stored)),
  }
}

const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

interface BatchPlace {
  readonly golden: GoldenSegment
  readonly chunk: GoldenChunk
  readonly index: number
}

function batchLines(batch: GoldenBatch, place: BatchPlace): GoldenLine[] {
  const { attributes, records, compressed, producerId, ...fields } = batch
  const bytes = encodeGoldenBatch(batch)
  const line = {
    chunk: place.index,
    batch: {
      ...fields,
      length: bytes.length,
      crc: formatDigest(crc32c(bytes.subarray(21))),
      compression: compressions[attributes & 7],
      timestampType: isLogAppendTime(batch) ? 'LogAppendTime' : 'CreateTime',
      transactional: isTransactional(batch),
      control: isControl(batch),
      producerId: String(producerId),
      records: records.length,
    },
  }
  if (compressed !== undefined) return [line]
  return [line, ...records.map((record) => recordLine(record, batch, place))]
}

const isLogAppendTime = ({ attributes }: GoldenBatch): boolean => (attributes & 8) !== 0
const isTransactional = ({ attributes }: GoldenBatch): boolean => (attributes & 16) !== 0
const isControl = ({ attributes }: GoldenBatch): boolean => (attributes & 32) !== 0

function recordLine(record: GoldenRecord, batch: GoldenBatch, place: BatchPlace): GoldenLine {
  const hex = (bytes: Uint8Array | null): string | null =>
    bytes === null ? null : Buffer.from(bytes).toString('hex')
  const offset = batch.baseOffset + record.offsetDelta
  return {
    chunk: place.index,
    record: {
      offset,
      timestamp: isLogAppendTime(batch)
        ? batch.maxTimestamp
        : batch.baseTimestamp + record.timestampDelta,
      key: hex(record.key),
      value: hex(record.value),
      headers: (record.headers ?? []).map(([name, value]) => [hex(name), hex(value)]),
      visible: isVisible(offset, batch, place),
    },
  }
}

/** What a restore would write. */
function isVisible(offset: number, batch: GoldenBatch, { golden, chunk }: BatchPlace): boolean {
  const { partition, from, next } = chunk.facts
  const aborted = golden.aborted.some(
    (range) =>
      isTransactional(batch) &&
      range.partition === partition &&
      range.producerId === String(batch.producerId) &&
      range.first <= offset &&
      offset < range.marker,
  )
  return from <= offset && offset < next && !isControl(batch) && !aborted
}

const base = 1_763_881_200_000
const text = (value: string): Buffer => Buffer.from(value)

function batch(changes: Partial<GoldenBatch> & Pick<GoldenBatch, 'records'>): GoldenBatch {
  const { records } = changes
  const lastOffsetDelta = records.at(-1)?.offsetDelta ?? 0
  return {
    baseOffset: 0,
    leaderEpoch: 5,
    attributes: 0,
    lastOffsetDelta,
    baseTimestamp: base,
    maxTimestamp: base + Math.max(0, ...records.map(({ timestampDelta }) => timestampDelta)),
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    ...changes,
  }
}

function record(offsetDelta: number, key: string | null, value: string | null): GoldenRecord {
  const bytes = (part: string | null): Uint8Array | null => (part === null ? null : text(part))
  return { offsetDelta, timestampDelta: offsetDelta, key: bytes(key), value: bytes(value) }
}

const oneRecord = batch({ records: [record(0, 'key', 'value')] })

/** As small as a segment with a record can be: the one that the documentation takes apart. */
const smallest: GoldenSegment = {
  name: 'segment-smallest',
  chunks: [
    {
      kind: 'batches',
      facts: facts({ minTimestamp: base, maxTimestamp: base }),
      batches: [oneRecord],
    },
  ],
  aborted: [],
}

/**
 * Two partitions, several batches a chunk, all that a record may be without a key, a value or
 * sense.
 */
const plain: GoldenSegment = {
  name: 'segment-plain',
  chunks: [
    {
      kind: 'batches',
      facts: facts({
        next: 6,
        minTimestamp: -1,
        maxTimestamp: base + 3_000_000_000,
      }),
      batches: [
        batch({
          maxTimestamp: base + 3_000_000_000,
          records: [
            record(0, null, 'no key'),
            record(1, 'tombstone', null),
            record(2, '', ''),
            {
              ...record(3, 'headers', 'value'),
              timestampDelta: 3_000_000_000,
              headers: [
                [text('a'), text('1')],
                [text('a'), null],
                [Buffer.from('ff00', 'hex'), text('')],
                [text(''), text('no name')],
              ],
            },
          ],
        }),
        batch({
          baseOffset: 4,
          leaderEpoch: 6,
          baseTimestamp: -1,
          maxTimestamp: -1,
          producerId: 4711n,
          producerEpoch: 3,
          baseSequence: 17,
          records: [
            { ...record(0, 'k', 'no timestamp'), timestampDelta: 0 },
            { ...record(1, 'k', 'nor here'), timestampDelta: 0 },
          ],
        }),
      ],
    },
    {
      kind: 'batches',
      facts: facts({
        partition: 3,
        leaderEpoch: 0,
        from: 100,
        next: 101,
        minTimestamp: base,
        maxTimestamp: base + 1,
      }),
      // After DeleteRecords a broker serves the whole batch still: its first record is not covered.
      batches: [
        batch({
          baseOffset: 99,
          leaderEpoch: 0,
          records: [record(0, 'k', 'gone'), record(1, 'k', 'v')],
        }),
      ],
    },
  ],
  aborted: [],
}

const repeated = Array.from({ length: 12 }, (_, index) => record(index, `key`, 'the same again'))
const gzipped = Buffer.from(
  'H4sIAAAAAAAAA9NjYGBgy06tlCnJSFUoTsxNVUhMT8zMY9BjYGLCLs7Cgl2cjQ27OAcHdnEuLuziPDzYxfn4sIsLCGAXFxLCLi4igl1cTAybOABOUZAiIAEAAA==',
  'base64',
)
const frame = Buffer.from(
  'KLUv/WBdAI0DANQEAAABUQAAAAUCql0iEwALAAABmq+DKYCL/wAAAAwuAAAABmtleRx0aGUgc2FtZSBhZ2FpbgAuAAICBAQGBggICgoMDA4OEBASEhQUFhYPAIDGQMFAwUDBQMFAwUDBQMFAwUDB2Kk83MEreYBNBMAC',
  'base64',
)

/** Compressed by zstd as a whole; and a batch that its producer had compressed, kept as it was. */
const compressed: GoldenSegment = {
  name: 'segment-compressed',
  chunks: [
    {
      kind: 'batches',
      frame,
      facts: facts({
        next: 12,
        minTimestamp: base,
        maxTimestamp: base + 11,
      }),
      batches: [batch({ records: repeated })],
    },
    {
      kind: 'batches',
      facts: facts({
        partition: 1,
        next: 12,
        minTimestamp: null,
        maxTimestamp: base + 11,
      }),
      batches: [batch({ attributes: 1, records: repeated, compressed: gzipped })],
    },
  ],
  aborted: [],
}

const marker = (type: number): GoldenRecord => ({
  offsetDelta: 0,
  timestampDelta: 0,
  key: Buffer.from([0, 0, 0, type]),
  value: Buffer.from([0, 0, 0, 0, 0, 9]),
})
const inTransaction = { attributes: 16, producerId: 2n ** 62n, producerEpoch: 1, baseSequence: 0 }
const ofCoordinator = { attributes: 48, producerId: 2n ** 62n, producerEpoch: 1, baseSequence: -1 }

/**
 * An aborted and a committed transaction, offsets that compaction removed, the broker's own times,
 * and documents.
 */
const eventful: GoldenSegment = {
  name: 'segment-eventful',
  chunks: [
    {
      kind: 'batches',
      facts: facts({
        from: 9,
        next: 20,
        flags: { transactional: true, holes: true },
        minTimestamp: base,
        maxTimestamp: base + 4,
        controlBatches: 2,
      }),
      batches: [
        batch({ ...inTransaction, baseOffset: 10, records: [record(0, 'k', 'aborted')] }),
        batch({ ...ofCoordinator, baseOffset: 11, records: [marker(0)] }),
        batch({
          ...inTransaction,
          baseOffset: 12,
          baseSequence: 1,
          lastOffsetDelta: 6,
          records: [record(1, 'k', 'kept'), record(4, 'k', 'kept')],
        }),
        batch({ ...ofCoordinator, baseOffset: 19, records: [marker(1)] }),
      ],
    },
    {
      kind: 'batches',
      facts: facts({
        partition: 1,
        flags: { logAppendTime: true },
        minTimestamp: base + 500,
        maxTimestamp: base + 500,
      }),
      batches: [{ ...oneRecord, attributes: 8, maxTimestamp: base + 500 }],
    },
    {
      kind: 'document',
      facts: documentFacts('positions'),
      document: { billing: { 0: { offset: 12, metadata: '' } } },
    },
    {
      kind: 'document',
      facts: documentFacts('configuration'),
      document: { 'cleanup.policy': 'compact' },
    },
  ],
  aborted: [{ partition: 0, producerId: '4611686018427387904', first: 10, marker: 11 }],
}

function documentFacts(kind: 'positions' | 'configuration'): ChunkFacts {
  return facts({
    kind,
    partition: -1,
    leaderEpoch: -1,
    from: 0,
    next: 0,
    minTimestamp: null,
    maxTimestamp: null,
  })
}

export const goldenSegments: readonly GoldenSegment[] = [smallest, plain, compressed, eventful]
