/** A bug put into production source on purpose. */
export interface Mutant {
  readonly name: string
  /** In `src`. */
  readonly file: string
  readonly search: string
  readonly replace: string
  /** Where the search begins, if not with 1: it is found rarely, and soon after this seed. */
  readonly seed?: number
}

const holder = 'writing/index-holder.ts'
const epoch = 'writing/acquire-epoch.ts'
const session = 'writing/writer-session.ts'
const commit = 'writing/commit-change.ts'
const adoption = 'recovery/adoption.ts'
const certainly = 'objects/put-certainly.ts'

export const mutants: readonly Mutant[] = [
  {
    name: 'commits without a condition',
    file: holder,
    search: "const condition = { kind: 'if-version', version } as const",
    replace: "const condition = { kind: 'overwrite' } as const",
  },
  {
    name: 'takes a refused commit for done',
    file: holder,
    search: 'if (isOurs) return',
    replace: 'return',
  },
  {
    name: 'commits under the epoch of its successor',
    file: holder,
    search: 'if (index.epoch !== epoch || index.writer !== writer) {',
    replace: 'if (false) {',
  },
  {
    name: 'recreates a missing index',
    file: epoch,
    search: 'if (await holdsSegments(storage, topic)) {',
    replace: 'if (false) {',
  },
  {
    name: 'keeps the epoch of its predecessor',
    file: epoch,
    search: 'options.copyOf?.epoch ?? 0) + 1',
    replace: 'options.copyOf?.epoch ?? 0)',
  },
  {
    name: 'begins each time with epoch 1',
    file: epoch,
    search: 'Math.max(opened?.index.epoch ?? 0, options.copyOf?.epoch ?? 0) + 1',
    replace: '1',
  },
  {
    name: 'raises the epoch without a condition',
    file: epoch,
    search: 'condition: conditionOn(base?.version),',
    replace: "condition: { kind: 'overwrite' },",
  },
  {
    name: 'does not see that another writer took the epoch',
    file: epoch,
    search: 'if ((base?.index.epoch ?? 0) >= epoch) throw overtaken(topic, epoch)',
    replace: '',
  },
  {
    name: 'drops the segments when it raises the epoch',
    file: epoch,
    search: 'return { ...others, ...origin, epoch, writer, commit }',
    replace: 'return { ...others, ...origin, epoch, writer, commit, segments: [] }',
  },
  {
    name: 'takes an uncertain answer for success',
    file: certainly,
    search: 'if (!unknown && !isConflict(error)) throw error',
    replace:
      "if (!isConflict(error)) return { kind: 'written', info: { version: '1', lastModified: new Date(0) } }",
  },
  {
    name: 'takes what another process wrote for its own',
    file: certainly,
    search: 'if (found !== undefined && Buffer.compare(found.bytes, body) === 0) {',
    replace: 'if (found !== undefined) {',
  },
  {
    name: 'forgets the segments when it recovers',
    file: 'recovery/recover.ts',
    search: 'segments: [...index.segments, ...adopted],',
    replace: 'segments: [...adopted],',
  },
  {
    name: 'commits its segment in place of all others',
    file: commit,
    search: 'segments: [...index.segments, ...(segment ? [inOrder(segment)] : [])],',
    replace: 'segments: [...(segment ? [inOrder(segment)] : [])],',
  },
  {
    name: 'does not move on after a commit',
    file: session,
    search: '      this.#nextOffsets = next\n    })',
    replace: '    })',
  },
  {
    name: 'acknowledges what it does not name',
    file: commit,
    search: '...(segment ? [inOrder(segment)] : [])],',
    replace: '],',
  },
  {
    name: 'continues from the start after a takeover',
    file: 'writing/worker.ts',
    search: 'return new WriterSession(stored, next ?? new Map(), {',
    replace: 'return new WriterSession(stored, next && new Map([[0, 0]]), {',
  },
  {
    name: 'adopts what is old, whatever Kafka still has',
    file: adoption,
    search: 'if (!(await isLostAtSource(footer, options))) continue',
    replace: '',
  },
  {
    name: 'adopts without asking for the leader epoch',
    file: adoption,
    search: 'return (await Promise.all(known.map((range) => source.agrees(range)))).every(Boolean)',
    replace: 'return true',
    seed: 84,
  },
  {
    name: 'adopts what does not continue the backup',
    file: adoption,
    search:
      'if (!continuesExactly(footer, covered.next) || !leaderEpochsGrow(footer, covered)) continue',
    replace: '',
    seed: 138,
  },
  {
    name: 'releases a lease without a condition',
    file: 'lease/release-lease.ts',
    search: 'return await storage.delete(key, { ifVersion: version })',
    replace: 'return await storage.delete(key)',
  },
  {
    name: 'lets segments expire by the time of their records',
    file: 'retention/retention.ts',
    search: 'Math.max(committedMs, plausible)',
    replace: 'plausible',
  },
  {
    name: 'deletes at once what is marked',
    file: 'retention/due.ts',
    search: 'Date.parse(since) + graceMs <= nowMs',
    replace: 'true',
  },
  {
    name: 'marks by its own clock',
    file: 'retention/prune.ts',
    search: 'const expiredAt = new Date(nowMs).toISOString()',
    replace: 'const expiredAt = new Date(options.clock.now()).toISOString()',
  },
  {
    name: 'commits what it recovered on an index that it did not judge',
    file: session,
    search: 'if (index !== judged) recovery = await plan(index)',
    replace: '',
    seed: 110,
  },
  {
    name: 'compares the time of a point with the clock of a writer',
    file: 'retention/points.ts',
    search: 'return isLater && last !== null && greatestId <= last',
    replace: 'return isLater && capturedMs <= moment',
    seed: 6190,
  },
  {
    name: 'takes a page that was replaced for damage',
    file: holder,
    search: 'if (!isGone) throw error',
    replace: 'throw error',
    seed: 2167,
  },
  {
    name: 'takes the topic from its successor after a long stop',
    file: 'writing/worker.ts',
    search: 'if (found?.version === held.version) return',
    replace: 'return',
    seed: 230,
  },
  {
    name: 'continues from an older index that was put back',
    file: epoch,
    search: 'if (later === undefined) return',
    replace: 'return',
  },
  {
    name: 'continues from a first copy that was cut off',
    file: epoch,
    search: 'if (options.copyOf === undefined) await',
    replace: 'if (options.copyOf === undefined && stored.index.copyOf === undefined) await',
  },
  {
    name: 'deletes what was due before a hold was put',
    file: 'retention/due.ts',
    search: 'if (isHeld(index, nowMs)) return { segments: [], garbage }',
    replace: '',
  },
]
