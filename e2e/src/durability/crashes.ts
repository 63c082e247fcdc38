import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { checkTopics, fillTopic, type TopicComparison } from '@kannery/testing/python/topics'
import { kanneryJson, kannerySucceeds } from '../command-line/kannery.ts'
import { type Doom, DoomedBackup } from './doomed-backup.ts'
import { IndexWatch } from './index-watch.ts'

export interface CrashOptions {
  readonly bootstrapServers: string
  /** Empty; the backup goes there. */
  readonly folder: string
  readonly kills: number
  readonly seed: number
  readonly say: (line: string) => void
}

export interface CrashReport {
  /** What was done to which process, in the order in which it was done. */
  readonly kills: readonly string[]
  /** Backups that ended by themselves, and what they said: none should. */
  readonly gaveUp: readonly string[]
  /** Commits that were there and are not any more. */
  readonly setbacks: readonly string[]
  readonly produced: number
  readonly epoch: number
  readonly comparison: TopicComparison
  /** By `kannery verify`. */
  readonly findings: readonly unknown[]
  readonly unnamed: readonly string[]
}

const topic = 'crashes'
const leaseTtlMs = 3_000
/** Of the producer, for each kill: about as long as one takes. */
const secondsPerKill = 1.6
const recordsPerSecond = 400
const longestLifeMs = 2_500
const patienceMs = 6_000
/** What the folder of a backup is changed by, and asked by. */
const calls = ['link', 'unlink', 'rename', 'open', 'writev', 'sync', 'readFile', 'mkdir', 'readdir']

/**
 * Backups of one topic that are killed, and stopped for longer than their lease, again and again,
 * beside a steady producer: two at a time, which contend. One has a stable identity, the other has
 * none. In the end the rest is backed up, all is restored, and compared with the source by a client
 * that is not ours.
 */
export async function runCrashes(options: CrashOptions): Promise<CrashReport> {
  const { bootstrapServers, folder, kills: wanted, seed, say } = options
  const random = randomNumbers(seed)
  const kills: string[] = []
  const gaveUp: string[] = []
  const seconds = Math.ceil(wanted * secondsPerKill) + 5
  const producing = fillTopic('steady', {
    bootstrapServers,
    topic,
    rate: recordsPerSecond,
    records: recordsPerSecond * seconds,
    partitions: 4,
    valueBytes: 300,
  })
  await delay(3_000)

  const backup = ['backup', '--from', bootstrapServers, '--topic', topic, '--to', folder]
  const often = ['--segment-age', '300ms', '--segment-size', '64KiB']
  const doomed = [...backup, ...often, '--lease-ttl', `${leaseTtlMs}ms`, '--wait', '5m']
  const slot = async (name: string, more: readonly string[]): Promise<void> => {
    while (kills.length < wanted) {
      const doom = chooseDoom(random)
      const line = `${name}: ${describe(doom)}`
      const ended = await suffer(new DoomedBackup([...doomed, ...more], doom), doom)
      kills.push(line)
      if (ended !== undefined) gaveUp.push(`${line}: ${ended}`)
      if (kills.length % 50 === 0) say(`${kills.length} kills`)
    }
  }
  const watch = new IndexWatch(join(folder, topic, 'index'))
  await Promise.all([slot('with identity', ['--identity', 'crashes-0']), slot('without', [])])

  const { records: produced } = await producing
  const setbacks = await watch.end()
  await kannerySucceeds([...backup, '--once', '--wait', '1m'])
  const { epoch } = await kanneryJson<{ epoch: number }>(['show', folder, topic])
  const { findings, unnamed } = await kanneryJson<Pick<CrashReport, 'findings' | 'unnamed'>>([
    ...['verify', folder],
  ])
  const target = `${topic}-restored`
  await kannerySucceeds([
    ...['restore', '--from', folder, '--to', bootstrapServers],
    ...['--topic', topic, '--as', target, '--verify'],
  ])
  const comparison = await checkTopics({ bootstrapServers, source: topic, target })
  return { kills, gaveUp, setbacks, produced, epoch, comparison, findings, unnamed }
}

/** undefined when it ended as it was meant to; else what it said. */
async function suffer(backup: DoomedBackup, { at, signal }: Doom): Promise<string | undefined> {
  if (at.kind === 'time') {
    await delay(at.ms)
    backup.kill(signal)
  }
  // A call may never be made: a backup that waits for the lease makes few.
  if (signal === 'SIGSTOP' && (await backup.stands(patienceMs))) {
    await delay(leaseTtlMs * 1.5)
    backup.kill('SIGCONT')
    await delay(1_000)
  }
  const timer = setTimeout(() => backup.kill('SIGKILL'), signal === 'SIGKILL' ? patienceMs : 0)
  const status = await backup.ended
  clearTimeout(timer)
  return status === undefined ? undefined : `ended with ${status}: ${backup.stderr}`
}

function chooseDoom(random: () => number): Doom {
  const signal = random() < 0.75 ? 'SIGKILL' : 'SIGSTOP'
  // A process needs a while to start at all.
  if (random() < 0.5) return { signal, at: { kind: 'time', ms: 400 + random() * longestLifeMs } }
  const call = calls[Math.floor(random() * calls.length)] ?? 'link'
  const when = random() < 0.5 ? 'before' : 'after'
  return { signal, at: { kind: 'call', call, nth: 1 + Math.floor(random() ** 2 * 60), when } }
}

function describe({ signal, at }: Doom): string {
  if (at.kind === 'time') return `${signal} after ${Math.round(at.ms)} ms`
  return `${signal} ${at.when} ${at.call} number ${at.nth}`
}

/** mulberry32: numbers in [0, 1), the same ones for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
