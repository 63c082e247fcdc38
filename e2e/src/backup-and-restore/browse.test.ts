import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fillTopic } from '@kannery/testing/python/topics'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { kanneryJson, kannerySucceeds } from '../command-line/kannery.ts'
import {
  bytesRead,
  kanneryUnderStrace,
  mapped,
  type WatchedRun,
} from '../command-line/system-calls.ts'
import { type TemporaryFolder, temporaryFolder } from '../command-line/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')

const topic = 'browsed'
const partitions = 8
const records = 24_000
/** One read from the end of a segment usually brings its whole footer. */
const footerBytes = 64 * 1024
const reads = 'openat,read,pread64,readv,preadv,preadv2,mmap'

interface TopicDetails {
  readonly segments: readonly {
    readonly id: string
    readonly bytes: number
    readonly time: readonly [number, number]
  }[]
}

let folder: TemporaryFolder
let details: TopicDetails
beforeAll(async () => {
  folder = await temporaryFolder()
  await fillTopic('plain', { bootstrapServers, topic, records, partitions, valueBytes: 1_000 })
  await kannerySucceeds([
    ...['backup', '--from', bootstrapServers, '--topic', topic, '--to', folder.path, '--once'],
    ...['--codec', 'none', '--segment-size', '4MB'],
  ])
  details = await kanneryJson<TopicDetails>(['show', folder.path, topic])
})
afterAll(() => folder[Symbol.asyncDispose]())

function segmentPath(id: string): string {
  return join(folder.path, topic, `${id}.kan`)
}

/** What of the backup was read, by name within the topic's folder. */
function readOfBackup({ calls }: WatchedRun): Map<string, number> {
  const inside = join(folder.path, topic)
  expect(mapped(calls).filter((path) => path.startsWith(inside))).toEqual([])
  return new Map([...bytesRead(calls)].filter(([path]) => path.startsWith(inside)))
}

function openedSegments({ calls }: WatchedRun): string[] {
  return [
    ...new Set(calls.flatMap((call) => /^openat\(.*\/([^/"]+)\.kan".* = \d/.exec(call)?.[1] ?? [])),
  ]
}

describe('looking into a backup', () => {
  test('ls and show open the index, and no segment', async () => {
    for (const words of [
      ['show', folder.path, topic],
      ['ls', folder.path],
    ]) {
      const run = await kanneryUnderStrace(reads, words)

      expect(run.status).toBe(0)
      expect(openedSegments(run)).toEqual([])
      const read = readOfBackup(run)
      expect([...read.values()].reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(0)
    }
    expect(
      (await readdir(join(folder.path, topic))).filter((name) => name.endsWith('.kan')),
    ).toHaveLength(details.segments.length)
  })

  test('cat of one partition reads its ranges, and hardly more', async () => {
    const run = await kanneryUnderStrace(reads, [
      ...['cat', folder.path, topic, '--partition', '3', '-o', 'json'],
    ])

    const lines = run.stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(records / partitions)
    const read = readOfBackup(run)
    const bytes = details.segments.reduce((sum, segment) => sum + segment.bytes, 0)
    const readOfSegments = details.segments.reduce(
      (sum, { id }) => sum + (read.get(segmentPath(id)) ?? 0),
      0,
    )
    // All partitions were written alike.
    const share = bytes / partitions
    expect(readOfSegments).toBeGreaterThan(share * 0.9)
    expect(readOfSegments).toBeLessThan(share * 1.1 + details.segments.length * footerBytes)
  })

  test('cat of a time opens the segments that may hold it, and no other', async () => {
    // Record n has time n and partition n mod 8: of the last 101, 12 are in partition 0.
    const times = details.segments.map(({ time }) => time)
    const since = Math.max(...times.map(([, greatest]) => greatest)) - 100
    const wanted = details.segments.filter(({ time: [, greatest] }) => greatest >= since)

    const run = await kanneryUnderStrace(reads, [
      ...['cat', folder.path, topic, '--partition', '0', '--since', String(since), '-o', 'json'],
    ])

    expect(run.stdout.trimEnd().split('\n')).toHaveLength(12)
    // Not even all of those: one that holds nothing of the partition is not opened.
    const opened = openedSegments(run)
    expect(opened.length).toBeGreaterThan(0)
    expect(wanted.map(({ id }) => id)).toEqual(expect.arrayContaining(opened))
    expect(wanted.length).toBeLessThan(details.segments.length)
    for (const { id } of wanted) {
      const { size } = await stat(segmentPath(id))
      expect(readOfBackup(run).get(segmentPath(id)) ?? 0).toBeLessThan(size / 2)
    }
  })
})
