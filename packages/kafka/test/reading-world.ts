import type { Index } from '@kannery/core/index-file'
import type { Damage } from '@kannery/core/segment'
import type { StorageBackend } from '@kannery/storage'
import { MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import type { BackupBatch } from '../src/reading/backup-batch.ts'
import { BackupReader } from '../src/reading/backup-reader.ts'
import type { ChunkReading } from '../src/reading/backup-source.ts'
import type { Choice } from '../src/reading/selection.ts'
import { type BackupSketch, writeBackup } from './backup.ts'
import type { StoredRecord } from './stored-batch.ts'

export const topic = 'orders'

interface Reading extends Partial<Choice>, ChunkReading {
  readonly storage?: StorageBackend
  readonly topic?: string
}

/** A storage of its own with a backup in it, and what is read from there. */
export class ReadingWorld {
  readonly clock = new TestClock()
  readonly storage: MemoryStorage = MemoryStorage.open({ clock: this.clock })

  write(sketch: Omit<BackupSketch, 'topic'>): Promise<Index> {
    const { storage, clock } = this
    return writeBackup({ storage, clock, random: seededRandom(1) }, { topic, ...sketch })
  }

  async *batches(options: Reading = {}): AsyncGenerator<BackupBatch, void, undefined> {
    const reader = await BackupReader.open(options.storage ?? this.storage, options.topic ?? topic)
    yield* reader.batches(reader.select({ window: {}, ...options }), options)
  }

  /** `partition:offset` of every record that is read, in that order. */
  async read(options: Reading = {}): Promise<string[]> {
    const seen: string[] = []
    for await (const batch of this.batches(options)) {
      for (const { offset } of batch.records()) seen.push(`${batch.partition}:${offset}`)
    }
    return seen
  }

  async readWithDamage(options: Reading = {}): Promise<{ seen: string[]; damage: Damage[] }> {
    const damage: Damage[] = []
    const seen = await this.read({ ...options, onDamage: (one) => damage.push(one) })
    return { seen, damage }
  }
}

/** Records whose value names their offset, a millisecond after each other. */
export function numberedRecords(offsets: readonly number[], time = 1000): StoredRecord[] {
  return offsets.map((offset) => ({
    offset,
    timestamp: BigInt(time + offset),
    key: null,
    value: Buffer.from(`value ${offset}`),
    headers: [],
  }))
}

/** As {@link ReadingWorld.read} returns them. */
export function seenOffsets(partition: number, from: number, next: number): string[] {
  return Array.from({ length: next - from }, (_, index) => `${partition}:${from + index}`)
}
