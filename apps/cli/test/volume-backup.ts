import { mkdir } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { plugin } from '@kannery/backend-volume'
import { crc32c } from '@kannery/core/digest'
import { readIndex, type SegmentEntry, segmentEntries } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import { encodeChunk, SegmentWriter, verifySegment } from '@kannery/core/segment'
import { Worker } from '@kannery/core/writing'
import { systemClock, systemRandom } from '@kannery/runtime'
import { KanneryError, type StorageBackend } from '@kannery/storage'

const topic = 'orders'
const cluster = 'a-cluster'
const topicId = 'a-topic-id'
const keys = topicKeys(topic)

/** A running backup of "orders" in a folder. The bytes of its segments do not matter here. */
export interface VolumeBackup extends AsyncDisposable {
  /** Commits so many segments more, of so many bytes. */
  grow(segments: number, bytes: number): Promise<void>
  /** Deletes the oldest segments but so many, as the retention does. */
  prune(kept: number): Promise<void>
}

export async function openVolume(folder: string): Promise<StorageBackend> {
  await mkdir(folder, { recursive: true })
  return await plugin.open(plugin.fromUrl(pathToFileURL(folder)), {
    clock: systemClock,
    random: systemRandom,
    access: 'write',
    userAgent: 'test',
  })
}

export async function startVolumeBackup(folder: string): Promise<VolumeBackup> {
  const storage = await openVolume(folder)
  const environment = { clock: systemClock, random: systemRandom }
  const worker = await Worker.start({ storage, ...environment, description: 'a backup' })
  const session = await worker.acquire(topic, { cluster })
  await session.beginIncarnation({ topicId, partitions: 1, start: {}, config: {}, effective: {} })
  let from = 0

  async function commitSegment(bytes: number): Promise<void> {
    const id = session.newSegmentId()
    await using output = await storage.openWriter(keys.segment(id), {
      condition: { kind: 'if-absent' },
    })
    const writer = new SegmentWriter(output, {
      format: 1,
      requires: { read: [], write: [] },
      topic,
      topicId,
      cluster,
      incarnation: 0,
      segment: id,
      epoch: session.epoch,
      createdAt: new Date().toISOString(),
      writer: 'test',
    })
    await writer.append(await chunkOf(from, bytes))
    const { digest, bytes: size, ...sealed } = await writer.finish({ aborted: [] })
    await output.commit()
    const captured = new Date().toISOString()
    const segment: SegmentEntry = {
      id,
      in: 0,
      bytes: size,
      digest,
      records: 10,
      offsets: sealed.offsets,
      time: null,
      captured: [captured, captured],
      maxBatchBytes: bytes,
      flags: [],
      expires: null,
    }
    await session.commit({ segment })
    from += 10
  }

  return {
    async grow(segments, bytes) {
      for (let added = 0; added < segments; added++) await commitSegment(bytes)
    },
    async prune(kept) {
      const entries = await Array.fromAsync(segmentEntries(storage, session.index))
      const old = entries.slice(0, -kept).filter(({ state }) => state === undefined)
      const ids = new Set(old.map(({ id }) => id))
      await session.changeEntries(ids, (entry) => ({ ...entry, state: 'expired' }))
      for (const id of ids) await storage.delete(keys.segment(id))
      await session.changeEntries(ids, (entry) => ({ ...entry, state: 'deleted' }))
    },
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]()
      await storage[Symbol.asyncDispose]()
    },
  }
}

async function chunkOf(from: number, bytes: number) {
  const raw = systemRandom.bytes(bytes)
  const facts = {
    kind: 'batches',
    partition: 0,
    leaderEpoch: 0,
    from,
    next: from + 10,
    fetchedAt: Date.now(),
    batches: 1,
    records: 10,
    flags: {},
    minTimestamp: null,
    maxTimestamp: null,
    maxBatchBytes: bytes,
    controlBatches: 0,
  } as const
  return await encodeChunk(facts, raw, { codec: 'none', rawCrc: crc32c(raw) })
}

export interface FoundBackup {
  /** Ids with their state. */
  readonly entries: readonly string[]
  /** What is named as there, and is not, or is damaged. */
  readonly broken: readonly string[]
}

/** What a restore would find in a folder; undefined where there is no index. */
export async function findBackup(folder: string): Promise<FoundBackup | undefined> {
  await using storage = await openVolume(folder)
  const stored = await readIndex(storage, topic)
  if (stored === undefined) return undefined
  const entries: string[] = []
  const broken: string[] = []
  for await (const entry of segmentEntries(storage, stored.index)) {
    entries.push(`${entry.id} ${entry.state ?? 'there'}`)
    if (entry.state === undefined) broken.push(...(await damagesOf(storage, entry)))
  }
  return { entries, broken }
}

async function damagesOf(storage: StorageBackend, entry: SegmentEntry): Promise<string[]> {
  const key = keys.segment(entry.id)
  try {
    const damages = await Array.fromAsync(verifySegment(storage, key, entry))
    return damages.map(({ reason }) => `${key}: ${reason}`)
  } catch (error) {
    if (KanneryError.is(error, 'STORAGE_NOT_FOUND')) return [`${key} is not there`]
    throw error
  }
}
