import { deletePruned } from '../../src/clean-up/delete-pruned.ts'
import { digestOf, entryOf } from '../../src/recovery/inspect-segment.ts'
import { markExpired } from '../../src/retention/prune.ts'
import { openSegment } from '../../src/segment/reader.ts'
import { SegmentWriter } from '../../src/segment/writer.ts'
import type { Ulid } from '../../src/ulid/ulid.ts'
import type { WriterSession } from '../../src/writing/writer-session.ts'
import { cluster, gap, incarnation } from '../fixtures.ts'
import { emptyStorage, encode, facts } from '../segments.ts'
import type { Uploaded } from './ledger.ts'
import type { Process } from './process.ts'
import { retention, type Scene, timing } from './scene.ts'
import { keys, type Step, topic } from './steps.ts'

export type Work = 'acquire' | 'commit' | 'prune' | 'release'

/** What can be hit; the rarer steps more than once. */
export const stepsOf: Readonly<Record<Work, readonly Step[]>> = {
  acquire: [
    '1 look at the lease',
    ...times(4, '2 take the lease over'),
    '3 claim the lease',
    ...times(6, '4 read the index'),
    '5 renew the heartbeat',
    ...times(5, '6 raise the epoch'),
    '7 list the candidates',
    ...times(8, '8 read a leftover'),
    ...times(5, '9 commit the recovery'),
  ],
  commit: [
    '10 upload the segment',
    '11 look at the deadline',
    '12 replace the index',
    '13 acknowledge',
  ],
  prune: ['mark what expired', ...times(2, 'announce a deletion'), ...times(3, 'delete a segment')],
  release: ['release the lease'],
}

/** What a backup does with one topic, as its process sees it. */
export class Writing {
  readonly #scene: Scene

  constructor(scene: Scene) {
    this.#scene = scene
  }

  async do(work: Work, process: Process): Promise<void> {
    const { session } = process
    if (session === undefined) await this.#acquire(process)
    else if (work === 'release') await this.#release(process, session)
    else if (work === 'prune') await this.prune(process, session)
    else await this.#commit(process, session)
  }

  async acquire(process: Process): Promise<WriterSession> {
    const { world, ledger, log } = this.#scene
    const { era } = ledger
    const { clock } = process
    process.phase = 'acquire'
    process.acquiringSinceMs = clock.monotonic()
    process.worker ??= await world.worker(process.name, { clock, retention })
    const session = await process.worker.acquire(topic, { cluster })
    process.session = session
    ledger.acquire(era, session.epoch)
    log(`${process.name}: acquired, epoch ${session.epoch}`)
    return session
  }

  /** Marks what expired, and deletes what was marked before the grace. */
  async prune(process: Process, session: WriterSession): Promise<void> {
    process.phase = 'mark'
    const marked = await markExpired(topic, process.editing)
    process.phase = 'delete'
    const { segments, garbage, failure } = await deletePruned(session, process.editing)
    const counts = `${marked.length} marked, ${segments.length + garbage.length} deleted`
    this.#scene.log(`${process.name}: pruned, ${counts}`)
    if (failure !== undefined) throw failure
  }

  async #acquire(process: Process): Promise<void> {
    const { kafka, ledger, log } = this.#scene
    const { generation } = ledger
    const session = await this.acquire(process)
    process.phase = 'recover'
    const { adopted } = await session.recover(kafka.source, timing)
    for (const { id, offsets } of adopted) {
      log(`${process.name}: adopted ${JSON.stringify(offsets)}`)
      ledger.acknowledge(generation, id)
    }
    process.phase = 'commit'
    if (session.index.incarnations.length === 0) await session.beginIncarnation(incarnation(1))
  }

  async #commit(process: Process, session: WriterSession): Promise<void> {
    const { kafka, ledger, random, log } = this.#scene
    const { generation } = ledger
    process.phase = 'commit'
    const next = nextOf(session)
    if (next < kafka.start) {
      await session.commit({ gaps: [gap(0, next, kafka.start)] })
      log(`${process.name}: committed a gap, ${next} to ${nextOf(session)}`)
    }
    const from = nextOf(session)
    const records = kafka.fetch(from, 1 + random.below(3))
    if (records.length === 0) return
    const uploaded = { id: session.newSegmentId(), epoch: session.epoch, from, records }
    ledger.upload(uploaded)
    const body = await segmentOf(uploaded, session, Math.floor(process.clock.now()))
    const { storage } = process
    await storage.put(keys.segment(uploaded.id), body.bytes, { condition: { kind: 'if-absent' } })
    await process.reach('11 look at the deadline')
    await session.commit({ segment: body.entry })
    await process.reach('13 acknowledge')
    log(`${process.name}: committed ${from} to ${nextOf(session)}, epoch ${session.epoch}`)
    ledger.acknowledge(generation, uploaded.id)
  }

  async #release(process: Process, session: WriterSession): Promise<void> {
    process.phase = 'release'
    process.session = undefined
    await session.release()
    this.#scene.log(`${process.name}: released`)
  }
}

export function nextOf(session: WriterSession | undefined): number {
  return session?.nextOffsets().get(0) ?? 0
}

/** The bytes of a real segment, and what an index says of it. */
async function segmentOf(
  { id, epoch, from, records }: Uploaded,
  session: WriterSession,
  fetchedAt: number,
) {
  const memory = emptyStorage()
  const key = keys.segment(id)
  await using output = await memory.openWriter(key, { condition: { kind: 'if-absent' } })
  const current = session.index.incarnations.at(-1)
  const writer = new SegmentWriter(output, {
    format: 1,
    requires: { read: [], write: [] },
    topic,
    topicId: current?.topicId ?? '',
    cluster,
    incarnation: current?.n ?? 0,
    segment: id as Ulid,
    epoch,
    createdAt: new Date(fetchedAt).toISOString(),
    writer: session.writer,
  })
  const leaderEpoch = records.at(-1) ?? 0
  const chunk = facts({ from, next: from + records.length, leaderEpoch, fetchedAt })
  await writer.append(await encode({ facts: chunk, raw: Buffer.from(records.join()) }))
  await writer.finish({ aborted: [] })
  await output.commit()
  const { footer } = await openSegment(memory, { key })
  const bytes = memory.peek(key) ?? new Uint8Array()
  return { bytes, entry: entryOf(id, footer, await digestOf(memory, key)) }
}

function times(count: number, step: Step): readonly Step[] {
  return Array.from({ length: count }, () => step)
}
