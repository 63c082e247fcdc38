import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { Findings } from './findings.ts'

const small = new KanneryError('KAFKA_TOPIC_MISMATCH', 'too few partitions', {
  why: '2 of 3',
  remedy: 'Add one.',
})
const full = new KanneryError('KAFKA_TOPIC_NOT_EMPTY', 'not empty', { remedy: 'Empty it.' })

describe('findings of a preflight', () => {
  test('throw nothing when there are none', async () => {
    const findings = new Findings()
    expect(await findings.collect(async () => 7)).toBe(7)
    findings.throwIfAny()
  })

  test('throw a single one as it is', async () => {
    const findings = new Findings()
    expect(await findings.collect(() => Promise.reject(small))).toBeUndefined()
    findings.add(small)
    expect(() => findings.throwIfAny()).toThrow(small)
  })

  test('throw several as one error, each with its remedy', () => {
    const findings = new Findings()
    findings.add(small, full)
    expect(() => findings.throwIfAny()).toThrow(
      expect.objectContaining({
        code: 'KAFKA_TOPIC_MISMATCH',
        message: '2 findings prevent the restore',
        why: '1. too few partitions: 2 of 3 (KAFKA_TOPIC_MISMATCH)\n2. not empty (KAFKA_TOPIC_NOT_EMPTY)',
        remedy:
          'Nothing was written. Correct each finding, then restore again:\n1. Add one.\n2. Empty it.',
        advice: {
          id: 'correct-findings',
          findings: [{ remedy: 'Add one.' }, { remedy: 'Empty it.' }],
        },
        facts: { findings: 2, codes: 'KAFKA_TOPIC_MISMATCH,KAFKA_TOPIC_NOT_EMPTY' },
      }),
    )
  })

  test('throw an error that prevents further checks alone', async () => {
    const findings = new Findings()
    findings.add(small)
    const away = new KanneryError('KAFKA_UNREACHABLE', 'no broker answers', {
      retry: 'after-refresh',
    })
    await expect(findings.collect(() => Promise.reject(away))).rejects.toBe(away)
  })
})
