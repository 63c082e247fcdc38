import { crc32c } from '../src/digest/crc32c.ts'
import { formatDigest } from '../src/digest/digest.ts'
import { encodePage } from '../src/index-file/format/index-document.ts'
import type { Index, Page } from '../src/index-file/format/model.ts'
import type { Ulid } from '../src/ulid/ulid.ts'

const first = '01JDC8F9V0000000000000000A' as Ulid
const second = '01JDC8G9V0000000000000000B' as Ulid
const paged = '01JDC8A9V0000000000000000C' as Ulid
const page = '01JDC8G9V0000000000000000D' as Ulid

/** The page that {@link sampleIndex} names. */
export const samplePage: Page = {
  format: 1,
  requires: { read: [], write: [] },
  topic: 'orders',
  page,
  level: 1,
  in: 0,
  epoch: 6,
  writer: '1c8e5d0f7ab94c21a6d3e90b47f2586a',
  next: { 1: 500 },
  segments: [
    {
      id: paged,
      in: 0,
      bytes: 65536,
      digest: 'crc32c:9c0d1e2f',
      records: 500,
      offsets: { 1: [0, 500, 3] },
      time: [1763881101001, 1763881199120],
      captured: ['2026-11-23T06:59:00.000Z', '2026-11-23T07:00:00.000Z'],
      maxBatchBytes: 16384,
      flags: [],
      expires: '2026-12-23T07:00:00.000Z',
    },
  ],
  pages: [],
  extra: {},
}

const samplePageBytes = encodePage(samplePage)

/** Has something under every key that format 1 knows. */
export const sampleIndex: Index = {
  format: 1,
  requires: { read: [], write: [] },
  topic: 'orders',
  cluster: 'MkU3OEVBNTcwNTJENDM2Qg',
  epoch: 7,
  writer: '9f3c0a5be1d24a77b0c6f2d81e5a4c39',
  commit: '01JDC8GAV0000000000000000E' as Ulid,
  edited: '01JDC8GBV0000000000000000F' as Ulid,
  committed: 7,
  retention: { after: '30d' },
  points: [{ name: 'before-migration', at: '2026-11-23T07:05:00.000Z' }],
  holds: [{ name: 'audit', reason: 'case 4711' }],
  keys: [],
  garbage: [
    {
      id: '01JDC8E9V0000000000000000G' as Ulid,
      kind: 'segment',
      since: '2026-11-23T07:10:00.000Z',
    },
  ],
  incarnations: [
    {
      n: 0,
      topicId: 'kqJ0wv9QTfW6bK1n0iQm2A',
      branch: 0,
      since: '2026-11-23T07:00:00.000Z',
      partitions: 4,
      start: { 0: 0, 3: 100 },
      baseline: null,
      config: { 'cleanup.policy': 'delete' },
      effective: { 'cleanup.policy': 'delete', 'retention.ms': '604800000' },
    },
  ],
  pages: [
    {
      id: page,
      in: 0,
      level: 1,
      bytes: samplePageBytes.length,
      digest: formatDigest(crc32c(samplePageBytes)),
      segments: 1,
      records: 500,
      segmentBytes: 65536,
      ids: [paged, paged],
      time: [1763881101001, 1763881199120],
      captured: ['2026-11-23T06:59:00.000Z', '2026-11-23T07:00:00.000Z'],
      expires: ['2026-12-23T07:00:00.000Z', '2026-12-23T07:00:00.000Z'],
    },
  ],
  segments: [
    {
      id: first,
      in: 0,
      bytes: 10485760,
      digest: 'crc32c:1a2b3c4d',
      records: 81234,
      offsets: { 0: [0, 813, 5], 3: [100, 901, 7] },
      time: [1763881201001, 1763881499120],
      captured: ['2026-11-23T07:00:01.000Z', '2026-11-23T07:05:00.000Z'],
      maxBatchBytes: 1048576,
      flags: ['holes'],
      expires: '2026-12-23T07:04:59.120Z',
    },
    {
      id: second,
      in: 0,
      bytes: 2048,
      digest: 'crc32c:5e6f7a8b',
      records: 12,
      offsets: { 0: [1200, 1212, 5] },
      time: [null, 1763881599120],
      captured: ['2026-11-23T07:05:01.000Z', '2026-11-23T07:06:00.000Z'],
      maxBatchBytes: 1024,
      flags: [],
      expires: null,
      state: 'expired',
    },
  ],
  gaps: [
    {
      in: 0,
      partition: 0,
      offsets: [813, 1200],
      reason: 'retention',
      noticed: '2026-11-23T07:05:01.000Z',
    },
  ],
  extra: {},
}
