import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KafkaRecord } from '../../record-batch/records.ts'
import { type Difference, PartitionComparison } from './partition-comparison.ts'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

function record(text: string, changes: Partial<KafkaRecord> = {}): KafkaRecord {
  return {
    offset: 0,
    timestamp: 1n,
    key: bytes(text),
    value: bytes(text),
    headers: [{ key: bytes('h'), value: bytes(text) }],
    ...changes,
  }
}

/** Records at these offsets on: 1000 in the backup, 100 in the target. */
function stream(text: string, firstOffset = 1000): KafkaRecord[] {
  return Array.from(text, (letter, index) => record(letter, { offset: firstOffset + index }))
}

interface Outcome {
  readonly compared: number
  readonly differences: readonly Difference[]
}

/** Feeds both sides in pieces of the given sizes, the target's when it is asked for. */
function compare(
  expected: readonly KafkaRecord[],
  actual: readonly KafkaRecord[],
  pieces: readonly [expected: number, actual: number] = [3, 5],
): Outcome {
  const differences: Difference[] = []
  const comparison = new PartitionComparison(7, 100, (difference) => differences.push(difference))
  let met = 0
  const feedActual = (): void => {
    while (comparison.wantsActual) {
      if (met >= actual.length) comparison.endActual()
      else comparison.meet(actual.slice(met, met + pieces[1]))
      met += pieces[1]
    }
  }
  for (let start = 0; start < expected.length; start += pieces[0]) {
    comparison.expect(expected.slice(start, start + pieces[0]))
    feedActual()
  }
  comparison.endExpected()
  feedActual()
  return { compared: comparison.compared, differences }
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

describe('records are compared one by one', () => {
  test('nothing differs where all are the same, however they come', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        (text, some, others) => {
          const records = stream(text)
          expect(compare(records, records, [some, others])).toEqual({
            compared: records.length,
            differences: [],
          })
        },
      ),
    )
  })

  test.each([
    ['a missing record', 'abcefgh', [[103, 'missing: the record at offset 1003 of the backup']]],
    ['a missing first record', 'bcdefgh', [[100, /^missing/]]],
    [
      'a missing last record',
      'abcdefg',
      [[107, 'missing: the record at offset 1007 of the backup']],
    ],
    [
      'two missing records',
      'abcfgh',
      [
        [103, /^missing/],
        [103, /^missing/],
      ],
    ],
    ['a doubled record', 'abcddefgh', [[104, 'doubled: the same as the record before it']]],
    ['a doubled last record', 'abcdefghh', [[108, /^doubled/]]],
    ['a strange record', 'abcdXefgh', [[104, 'not in the backup']]],
    ['a missing record that leaves a hole', 'abc.efgh', [[104, /^missing.* 1003 /]]],
    ['swapped records', 'abdcefgh', [[102, /^swapped/]]],
    [
      'a changed record',
      'abcdXfgh',
      [[104, 'changed: key, value, headers of the record at offset 1004 of the backup']],
    ],
    ['a changed last record', 'abcdefgX', [[107, /^changed/]]],
    [
      'one missing and one changed',
      'acdeXgh',
      [
        [101, /^missing/],
        [104, /^changed/],
      ],
    ],
  ])('%s is named, and only that', (_name, target, differences) => {
    const outcome = compare(
      stream('abcdefgh'),
      stream(target, 100).filter(({ key }) => key?.[0] !== '.'.charCodeAt(0)),
    )

    expect(outcome.compared).toBe(8)
    expect(outcome.differences).toEqual(
      differences.map(([offset, reason]) => ({
        partition: 7,
        offset,
        reason: reason instanceof RegExp ? expect.stringMatching(reason) : reason,
      })),
    )
  })

  test('equal numbers of records are not enough: whatever is changed shows', () => {
    const text = alphabet
    fc.assert(
      fc.property(
        fc.shuffledSubarray(
          Array.from({ length: text.length }, (_, index) => index),
          {
            minLength: text.length,
          },
        ),
        (order) => {
          const actual = order.map((index) => stream(text)[index] as KafkaRecord)
          const isSame = order.every((index, position) => index === position)
          expect(compare(stream(text), actual).differences.length === 0).toBe(isSame)
        },
      ),
    )
  })

  test('a partition that is empty in the target misses everything', () => {
    expect(compare(stream('abc'), []).differences.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^missing.* 1000 /),
      expect.stringMatching(/^missing.* 1001 /),
      expect.stringMatching(/^missing.* 1002 /),
    ])
  })

  test('every record of the target that is not in the backup is reported', () => {
    const { differences } = compare(stream('ab'), stream(`ab${alphabet}${alphabet}`))
    expect(differences).toHaveLength(2 * alphabet.length)
  })
})

describe('what makes a difference', () => {
  const original = record('a')
  test.each([
    ['key', { key: null }],
    ['key', { key: bytes('') }],
    ['value', { value: null }],
    ['value', { value: bytes('') }],
    ['timestamp', { timestamp: 2n }],
    ['headers', { headers: [] }],
    ['headers', { headers: [{ key: bytes('h'), value: null }] }],
    ['headers', { headers: [...original.headers, ...original.headers] }],
    ['headers', { headers: [{ key: bytes('H'), value: bytes('a') }] }],
  ] as const)('%s (case %#)', (field, changes) => {
    expect(compare([original], [{ ...original, ...changes }]).differences).toMatchObject([
      { reason: `changed: ${field} of the record at offset 0 of the backup` },
    ])
  })

  test('null and empty', () => {
    const [none, empty] = [record('a', { value: null }), record('a', { value: bytes('') })]
    expect(compare([none], [empty]).differences).toHaveLength(1)
    expect(compare([none], [none]).differences).toEqual([])
  })

  test('the order of headers', () => {
    const headers = [
      { key: bytes('a'), value: bytes('1') },
      { key: bytes('a'), value: bytes('2') },
    ]
    expect(
      compare([record('a', { headers })], [record('a', { headers: headers.toReversed() })])
        .differences,
    ).toHaveLength(1)
  })
})

describe('the memory of a comparison', () => {
  test('a comparison holds only what it needs to look ahead', () => {
    const comparison = new PartitionComparison(0, 0, () => {})
    comparison.expect(stream(alphabet))
    comparison.meet(stream(`X${alphabet.slice(1)}`))
    expect(comparison.isLevel).toBe(true)
  })
})
