import { MemoryStorage, realClock, realRandom } from '@kannery/storage-testkit'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import type { RestoreReport } from '../src/restore/restore-options.ts'
import { type BackupSketch, writeBackup } from './backup.ts'
import { uniqueTopic } from './real-cluster.ts'
import { type RestoreTopicOptions, restoreTopic } from './restore-topic.ts'

export interface SketchRestored {
  readonly as: string
  readonly report: RestoreReport
}

/**
 * Writes a backup into memory, restores it and compares it. Restores into a topic of its own by
 * default.
 */
export async function restoreSketch(
  cluster: KafkaCluster,
  sketch: Omit<BackupSketch, 'topic'>,
  options: Partial<RestoreTopicOptions> = {},
  prepare: (storage: MemoryStorage, as: string) => Promise<void> | void = () => {},
): Promise<SketchRestored> {
  const { as = uniqueTopic('restored') } = options
  const storage = MemoryStorage.open({ clock: realClock })
  const topic = 'orders'
  await writeBackup({ storage, clock: realClock, random: realRandom }, { topic, ...sketch })
  await prepare(storage, as)
  const report = await restoreTopic({
    storage,
    cluster,
    topic,
    as,
    window: {},
    verify: true,
    skipDamaged: false,
    clock: realClock,
    observer: { onProgress: () => {} },
    ...options,
  })
  return { as, report }
}
