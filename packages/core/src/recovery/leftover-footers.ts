import type { StorageBackend } from '@kannery/storage'
import { inBatches } from '@kannery/storage/client'
import { type NamedObject, topicKeys } from '../layout/keys.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { type InspectedSegment, inspectSegment } from './inspect-segment.ts'

/** How many footers are read at a time. Each is in memory until it is judged. */
const parallelReads = 8

/** The backup that leftovers are read for. */
export interface Backup {
  readonly topic: string
  readonly cluster: string
}

/** A segment that no index names, and its footer, or why it has none that can be used. */
export interface Leftover {
  readonly object: NamedObject
  readonly inspected: InspectedSegment | { readonly kind: 'stranger' }
}

/**
 * Reads the footers of segments that an index does not name, several at a time. A segment of
 * another topic or cluster is read only once: a folder may hold many of them, and they stay there.
 */
export class LeftoverFooters {
  readonly #storage: StorageBackend
  readonly #strangers = new Set<Ulid>()

  constructor(storage: StorageBackend) {
    this.#storage = storage
  }

  /** Reads the segments among `objects`, in their order. Pages are left out. */
  async *read(objects: readonly NamedObject[], backup: Backup): AsyncGenerator<Leftover> {
    const segments = objects.filter(({ kind }) => kind === 'segment')
    for await (const batch of inBatches(segments, parallelReads)) {
      yield* await Promise.all(batch.map((object) => this.#inspect(object, backup)))
    }
  }

  async #inspect(object: NamedObject, { topic, cluster }: Backup): Promise<Leftover> {
    const { id } = object
    if (this.#strangers.has(id)) return { object, inspected: { kind: 'stranger' } }
    const inspected = await inspectSegment(this.#storage, topicKeys(topic).segment(id))
    if (inspected.kind !== 'readable') return { object, inspected }
    const { header } = inspected.footer
    if (header.topic === topic && header.cluster === cluster) return { object, inspected }
    this.#strangers.add(id)
    return { object, inspected: { kind: 'stranger' } }
  }
}
