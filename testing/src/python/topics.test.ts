import { beforeAll, describe, expect, inject, test } from 'vitest'
import { checkTopics, copyTopic, type FilledTopic, fillTopic } from './topics.ts'

const { bootstrapServers } = inject('kafka')

describe('the independent checker', () => {
  let source: FilledTopic
  beforeAll(async () => {
    source = await fillTopic('nasty', {
      bootstrapServers,
      topic: 'checked',
      records: 300,
      partitions: 2,
    })
  })
  const copy = (target: string, kind?: string, partition = 0): Promise<number> =>
    copyTopic({
      bootstrapServers,
      source: 'checked',
      target,
      ...(kind === undefined ? {} : { deviation: { kind, partition } }),
    })
  const differences = async (target: string): Promise<readonly string[]> =>
    (await checkTopics({ bootstrapServers, source: 'checked', target })).differences

  test('finds no difference between a topic and its faithful copy, and no aborted record', async () => {
    await copy('faithful')

    expect(await checkTopics({ bootstrapServers, source: 'checked', target: 'faithful' })).toEqual({
      equalRecords: source.records,
      differences: [],
    })
    expect(source.aborted).toBeGreaterThan(0)
  })

  // Partition 0 has no transactions: offsets are the records' numbers.
  test.each<[string, (at: number) => string]>([
    ['changed', (at) => `source offset ${at} differs from target offset ${at}: value`],
    ['key-emptied', (at) => `source offset ${at} differs from target offset ${at}: key`],
    ['headers-turned', (at) => `source offset ${at} differs from target offset ${at}: headers`],
    ['later', (at) => `source offset ${at} differs from target offset ${at}: timestamp`],
    [
      'missing',
      (at) => `source offset ${at} is missing in the target, after target offset ${at - 1}`,
    ],
    ['doubled', (at) => `target offset ${at + 1} should not be there, after source offset ${at}`],
  ])('names partition and offset of a record that is %s', async (kind, sentence) => {
    const at = await copy(kind, kind)

    expect(await differences(kind)).toEqual([`partition 0: ${sentence(at)}`])
  })

  test('finds two swapped records although the counts are equal', async () => {
    const at = await copy('swapped', 'swapped')

    expect(await differences('swapped')).toEqual([
      `partition 0: target offset ${at} should not be there, after source offset ${at - 1}`,
      `partition 0: source offset ${at + 1} is missing in the target, after target offset ${at + 1}`,
    ])
  })

  test('finds a doubled record that replaces its neighbour although the counts are equal', async () => {
    const at = await copy('twice', 'doubled-for-another')

    expect(await differences('twice')).toEqual([
      `partition 0: source offset ${at + 1} differs from target offset ${at + 1}: ${'key, value, headers, timestamp'}`,
    ])
  })

  test('finds differences in a topic with transactions', async () => {
    await copy('beside', 'missing', 1)

    expect(await differences('beside')).toEqual([
      expect.stringMatching(/^partition 1: source offset \d+ is missing in the target/),
    ])
  })

  test('reports another timestamp type, unless an option says that a producer cannot set it', async () => {
    await fillTopic('append-time', {
      bootstrapServers,
      topic: 'appended',
      records: 5,
      partitions: 1,
    })
    await copyTopic({ bootstrapServers, source: 'appended', target: 'created' })
    const options = { bootstrapServers, source: 'appended', target: 'created' }

    expect((await checkTopics(options)).differences).toContain(
      'partition 0: source offset 0 differs from target offset 0: timestamp type',
    )
    expect(await checkTopics({ ...options, appendTimeBecomesCreateTime: true })).toEqual({
      equalRecords: 5,
      differences: [],
    })
  })

  test('reports another number of partitions, and other offsets on request', async () => {
    await fillTopic('plain', { bootstrapServers, topic: 'one', records: 6, partitions: 1 })
    await fillTopic('plain', { bootstrapServers, topic: 'three', records: 6, partitions: 3 })

    const { differences: found } = await checkTopics({
      bootstrapServers,
      source: 'one',
      target: 'three',
    })
    expect(found[0]).toBe('the source has 1 partitions, the target 3')
    const shifted = await checkTopics({
      bootstrapServers,
      source: 'checked',
      target: 'faithful',
      sameOffsets: true,
    })
    expect(shifted.differences[0]).toMatch(/^partition 1: source offset \d+ has target offset \d+$/)
  })

  test('compares a window of time with the source', async () => {
    await fillTopic('plain', { bootstrapServers, topic: 'window', records: 10, partitions: 1 })
    const options = { bootstrapServers, source: 'window', target: 'window' }

    const { equalRecords, differences: found } = await checkTopics({ ...options, untilMs: 0 })

    expect({ equalRecords, count: found.length }).toEqual({ equalRecords: 0, count: 10 })
  })
})

describe('the generator of difficult topics', () => {
  test('leaves holes in a compacted topic, and reports what a consumer finds', async () => {
    const filled = await fillTopic('compacted', {
      bootstrapServers,
      topic: 'compacted',
      records: 20_000,
      partitions: 2,
    })

    expect(filled.records).toBeLessThan(20_000)
    expect(
      await checkTopics({ bootstrapServers, source: 'compacted', target: 'compacted' }),
    ).toEqual({ equalRecords: filled.records, differences: [] })
  })
})
