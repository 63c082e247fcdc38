import { chooseTopics, type KafkaRecord, parseTopicMatcher } from '@kannery/kafka'
import { parseDocument, type Restore, type RestoreDocument } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'
import { MemoryStorage, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { transformsOf } from './restore.ts'

type Spec = RestoreDocument['spec']

function restoreOf(spec: Partial<Spec>): Restore {
  const document = parseDocument({
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'Restore',
    metadata: { name: 'restore' },
    spec: { storage: 'storage', kafkaCluster: 'kafka', topics: [{ source: 'orders' }], ...spec },
  })
  if (document.kind !== 'Restore') throw new Error('not a Restore')
  return document
}

/** Whether `act` succeeds; false if it throws CONFIG_INVALID. */
async function succeeds(act: () => unknown): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    if (!KanneryError.is(error, 'CONFIG_INVALID')) throw error
    return false
  }
}

/** The two packages import nothing of each other, and both must know these rules. */
describe('a Restore document and the restore', () => {
  test.each(
    [
      { source: 'orders', isAccepted: true },
      { source: 'orders.*', isAccepted: true },
      { source: '?', isAccepted: true },
      { source: '/orders|payments/', isAccepted: true },
      { name: '249 letters', source: 'a'.repeat(249), isAccepted: true },
      { name: '250 letters', source: 'a'.repeat(250), isAccepted: false },
      { source: '..', isAccepted: false },
      { source: 'a/b', isAccepted: false },
      { source: 'a b', isAccepted: false },
      { source: '/(/', isAccepted: false },
      { source: '/a)|(b/', isAccepted: false },
    ].map(({ source, name = source, isAccepted }) => [name, source, isAccepted] as const),
  )('agree on whether %s is a name or pattern of topics', async (_name, source, isAccepted) => {
    expect({
      document: await succeeds(() => restoreOf({ topics: [{ source }] })),
      restore: await succeeds(() => parseTopicMatcher(source)),
    }).toEqual({ document: isAccepted, restore: isAccepted })
  })

  test.each([
    [{}, true],
    [{ partitions: [1, 0] }, false],
    [{ target: 'copy' }, false],
    [{ incarnation: 1 }, false],
  ])('agree on whether an entry contradicts an earlier one (%j)', async (details, isAccepted) => {
    const topics = [{ source: 'orders' }, { source: 'orders', ...details }]
    const storage = MemoryStorage.open({ clock: new TestClock() })
    expect({
      document: await succeeds(() => restoreOf({ topics })),
      restore: await succeeds(() => chooseTopics(storage, { topics })),
    }).toEqual({ document: isAccepted, restore: isAccepted })
  })
})

describe('the header with the original offset', () => {
  test('replaces that of an earlier restore if the document drops it', async () => {
    const transforms = await transformsOf(
      restoreOf({ dropHeaders: ['origin'], originalOffsetHeader: 'origin' }),
    )
    const header = (value: string) => ({ key: Buffer.from('origin'), value: Buffer.from(value) })
    const stored: KafkaRecord = {
      offset: 7,
      timestamp: 1n,
      key: null,
      value: null,
      headers: [header('3')],
    }
    const restored = transforms.reduce<KafkaRecord | undefined>(
      (record, transform) => record && transform(record),
      stored,
    )

    expect(restored?.headers).toEqual([header('7')])
  })
})
