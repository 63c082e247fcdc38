import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32c } from '@kannery/core/digest'
import {
  encodeIndex,
  type Index,
  parseIndex,
  requireIndex,
  type SegmentEntry,
} from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import { encodeChunk, SegmentWriter } from '@kannery/core/segment'
import { Worker, type WriterSession } from '@kannery/core/writing'
import {
  type BackendContext,
  defineBackendPlugin,
  type ObjectKey,
  type StorageBackend,
  type StorageCapabilities,
} from '@kannery/storage'
import { type FaultRule, FaultyStorage, MemoryStorage } from '@kannery/storage-testkit'
import type { StorageLocation } from '../src/storage/open-storage.ts'
import { systemClock, systemRandom } from '../src/system.ts'

/**
 * A storage in memory with a plugin of its own, so that it is found and opened as every other one.
 */
export class MemoryLocation implements AsyncDisposable {
  readonly location: StorageLocation
  readonly storage: MemoryStorage
  /** The handles that were opened, in order. They record their calls, and can be made to fail. */
  readonly opened: FaultyStorage[] = []
  readonly accesses: BackendContext['access'][] = []
  /** What shall go wrong on every handle that is opened from now on. */
  readonly rules: FaultRule[] = []
  /** Opens the memory itself, of which no calls are noted. */
  bare = false
  readonly #folder: string

  private constructor(folder: string, storage: MemoryStorage) {
    this.#folder = folder
    this.storage = storage
    this.location = {
      storage: {
        apiVersion: 'kannery.io/v1alpha1',
        kind: 'Storage',
        metadata: { name: 'test' },
        spec: { custom: { plugin: 'memory', config: { folder } } },
      },
      plugins: {
        named: [folder],
        app: { url: import.meta.url, version: '1.2.3' },
        folder: join(folder, 'plugins'),
      },
      environment: {},
    }
  }

  static async create(capabilities: Partial<StorageCapabilities> = {}): Promise<MemoryLocation> {
    const folder = await mkdtemp(join(tmpdir(), 'kannery-memory-'))
    const memory = new MemoryLocation(
      folder,
      MemoryStorage.open({ clock: systemClock, capabilities }),
    )
    const plugin = defineBackendPlugin({
      contract: 1,
      type: 'memory',
      urlSchemes: ['memory'],
      configSchema: {
        '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
      },
      fromUrl: () => ({}),
      open: async (_config, { access }) => {
        memory.accesses.push(access)
        return memory.#client()
      },
    })
    // The plugin's module fetches what this process put there for it: modules share nothing else.
    const name = folder.replaceAll(/\W/g, '')
    Object.assign(globalThis, { [name]: plugin })
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'kannery-memory', version: '0.0.1', type: 'module' }),
    )
    await writeFile(join(folder, 'index.js'), `export const plugin = globalThis.${name}`)
    return memory
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Replaces an object, as a failing disk or a hand does. */
  async change(key: ObjectKey, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
    const bytes = this.storage.contents().get(key)
    if (bytes === undefined) throw new Error(`no object ${key}`)
    await this.storage.put(key, change(Uint8Array.from(bytes)), {
      condition: { kind: 'overwrite' },
    })
  }

  /** Replaces a topic's index. */
  async editIndex(topic: string, edit: (index: Index) => Index): Promise<void> {
    await this.change(topicKeys(topic).index, (bytes) =>
      encodeIndex(edit(parseIndex(bytes, topic))),
    )
  }

  /** Changes what the index says of some segments, and deletes those that it then calls deleted. */
  async changeEntries(
    topic: string,
    change: (entry: SegmentEntry, at: number) => SegmentEntry,
  ): Promise<void> {
    await this.editIndex(topic, (index) => ({ ...index, segments: index.segments.map(change) }))
    for (const { id, state } of (await requireIndex(this.storage, topic)).index.segments) {
      if (state === 'deleted') await this.storage.delete(topicKeys(topic).segment(id))
    }
  }

  /** `operation key` of every call through an opened storage. */
  calls(): readonly string[] {
    return this.opened.flatMap(({ faults }) =>
      faults.calls.map(({ operation, key }) => `${operation} ${key}`),
    )
  }

  #client(): StorageBackend {
    const handle = this.storage.anotherHandle()
    if (this.bare) return handle
    const client = new FaultyStorage(handle, { clock: systemClock })
    for (const rule of this.rules) client.faults.onCall(rule)
    this.opened.push(client)
    return client
  }
}

export interface BackupToWrite {
  readonly topic: string
  readonly partitions?: number
  /** Each is one segment with one chunk of partition 0. */
  readonly segments: readonly { readonly records: number }[]
}

/**
 * Writes a backup as a real one is written, of bytes that are no Kafka batches. Returns the
 * entries.
 */
export async function writeBackup(
  storage: StorageBackend,
  { topic, partitions = 1, segments }: BackupToWrite,
): Promise<readonly SegmentEntry[]> {
  await using worker = await Worker.start({
    storage,
    clock: systemClock,
    random: systemRandom,
    description: 'test',
  })
  const session = await worker.acquire(topic, { cluster: 'cluster-1' })
  const config = { 'cleanup.policy': 'delete' }
  await session.beginIncarnation({
    topicId: 'topic-1',
    partitions,
    start: {},
    config,
    effective: config,
  })
  const entries: SegmentEntry[] = []
  let from = 0
  for (const { records } of segments) {
    const entry = await writeSegment(storage, session, { from, next: from + records })
    await session.commit({ segment: entry })
    entries.push(entry)
    from += records
  }
  return entries
}

/** The topic was created again: with one partition, whose log begins at 7. */
export async function beginIncarnation(
  storage: StorageBackend,
  topic: string,
  topicId: string,
): Promise<void> {
  const clock = systemClock
  const options = { storage, clock, random: systemRandom, description: 'test' }
  await using worker = await Worker.start(options)
  const session = await worker.acquire(topic, { cluster: 'cluster-1' })
  const start = { 0: 7 }
  await session.beginIncarnation({ topicId, partitions: 1, start, config: {}, effective: {} })
}

export async function writeSegment(
  storage: StorageBackend,
  session: WriterSession,
  { from, next }: { readonly from: number; readonly next: number },
): Promise<SegmentEntry> {
  const id = session.newSegmentId()
  const { topic, index, epoch, writer: writerId } = session
  const output = await storage.openWriter(topicKeys(topic).segment(id), {
    condition: { kind: 'if-absent' },
  })
  const writer = new SegmentWriter(output, {
    format: 1,
    requires: { read: [], write: [] },
    topic,
    topicId: 'topic-1',
    cluster: index.cluster,
    incarnation: 0,
    segment: id,
    epoch,
    createdAt: new Date(1_763_881_200_000).toISOString(),
    writer: writerId,
  })
  const raw = Buffer.from(`records ${from} to ${next} `.repeat(20))
  await writer.append(
    await encodeChunk(
      {
        kind: 'batches',
        flags: {},
        partition: 0,
        leaderEpoch: 3,
        from,
        next,
        fetchedAt: 1_763_881_200_000,
        batches: 1,
        records: next - from,
        minTimestamp: 1000 + from,
        maxTimestamp: 1000 + next,
        maxBatchBytes: raw.byteLength,
        controlBatches: 0,
      },
      raw,
      { codec: 'none', rawCrc: crc32c(raw) },
    ),
  )
  const { captured: _, ...sealed } = await writer.finish({ aborted: [] })
  await output.commit()
  const at = new Date(1_763_881_200_000).toISOString()
  return { ...sealed, id, in: 0, captured: [at, at], expires: null }
}
