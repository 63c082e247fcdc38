import { readObject, type StorageBackend } from '@kannery/storage'
import { topicKeys } from '../layout/keys.ts'
import { topicFolders } from '../layout/list-topics.ts'
import { describeHolder } from './acquire-lease.ts'
import type { Holder } from './errors.ts'
import { maxLeaseBytes, parseLease } from './lease-files.ts'
import { defaultLeaseTiming } from './timing.ts'

/** Who is writing, topic by topic, also into folders that hold no backup yet. Writes nothing. */
export async function* listLeases(storage: StorageBackend): AsyncGenerator<Holder> {
  for await (const topic of topicFolders(storage)) {
    const key = topicKeys(topic).lease
    const found = await readObject(storage, key, { maxBytes: maxLeaseBytes })
    if (found === undefined) continue
    const lease = parseLease(found.bytes)
    if (lease?.state === 'released') continue
    const timing = defaultLeaseTiming
    yield await describeHolder({ storage, timing }, topic, { info: found.info, lease })
  }
}
