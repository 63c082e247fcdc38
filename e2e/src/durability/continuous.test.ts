import { setTimeout as delay } from 'node:timers/promises'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { startProxiedKafka } from '@kannery/testing/servers/kafka/proxied-kafka'
import { describe, expect, test } from 'vitest'
import { kanneryJson, kannerySucceeds, startKannery } from '../command-line/kannery.ts'
import { temporaryFolder } from '../command-line/temporary-folder.ts'

const segmentBytes = 2 * 1024 * 1024
/** The chunk that fills a segment still goes into it, and so do its header and footer. */
const chunkBytes = 1024 * 1024
const framingBytes = 16 * 1024
const segmentAgeMs = 8_000
const firstRunMs = 60_000
const producerSeconds = 64

interface TopicDetails {
  readonly topicId: string
  readonly summary: { readonly records: number }
  readonly partitions: readonly { readonly partition: number; readonly next: number }[]
  readonly segments: readonly { readonly bytes: number }[]
}

describe('a backup that follows topics', () => {
  test('closes segments by size and by age, and continues from the last commit', {
    timeout: 240_000,
  }, async () => {
    await using kafka = await startProxiedKafka()
    const { bootstrapServers } = kafka
    await using folder = await temporaryFolder()
    const produce = (topic: string, rate: number): ReturnType<typeof fillTopic> =>
      fillTopic('steady', {
        bootstrapServers,
        topic,
        rate,
        records: rate * producerSeconds,
        partitions: 4,
        valueBytes: 1_000,
      })
    const producers = Promise.all([produce('steady-busy', 1_000), produce('steady-quiet', 5)])
    const words = ['backup', '--from', bootstrapServers, '--to', folder.path, '--topic', 'steady-*']
    const show = (topic: string): Promise<TopicDetails> =>
      kanneryJson<TopicDetails>(['show', folder.path, topic])

    await using first = startKannery([
      ...[...words, '--codec', 'none'],
      ...['--segment-size', String(segmentBytes), '--segment-age', `${segmentAgeMs}ms`],
    ])
    await delay(firstRunMs)
    const stopped = await first.interrupt()
    const busy = await show('steady-busy')
    const quiet = await show('steady-quiet')
    kafka.proxy.requests.length = 0
    const produced = await producers
    await kannerySucceeds([...words, '--once'])

    expect(stopped.status).toBe(0)
    // The last segment of either is closed by the end of the run.
    const bySize = busy.segments.filter(({ bytes }) => bytes >= segmentBytes * 0.8)
    expect(bySize.length).toBeGreaterThanOrEqual(5)
    const byAge = quiet.segments.slice(0, -1).filter(({ bytes }) => bytes < segmentBytes / 2)
    expect(byAge.length).toBeGreaterThanOrEqual(5)
    const greatestBytes = segmentBytes + chunkBytes + framingBytes
    for (const { bytes } of busy.segments) expect(bytes).toBeLessThan(greatestBytes)

    for (const details of [busy, quiet]) {
      for (const { partition, next } of details.partitions) {
        const asked = kafka.proxy
          .fetchedBy('kannery')
          .find((fetch) => fetch.topicId === details.topicId && fetch.partition === partition)
        expect({ partition, next: asked?.offset }).toEqual({ partition, next })
      }
    }
    for (const { topic, records } of produced) {
      const target = `${topic}-copy`
      const [before, after] = [topic === 'steady-busy' ? busy : quiet, await show(topic)]
      expect(before.summary.records).toBeLessThan(records)
      expect(after.summary.records).toBe(records)
      await kannerySucceeds([
        ...['restore', '--from', folder.path, '--to', bootstrapServers],
        ...['--topic', topic, '--as', target, '--verify'],
      ])
      expect(await checkTopics({ bootstrapServers, source: topic, target })).toEqual({
        equalRecords: records,
        differences: [],
      })
    }
  })
})
