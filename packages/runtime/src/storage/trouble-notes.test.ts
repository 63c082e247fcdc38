import { TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { TroubleNotes } from './trouble-notes.ts'

const attempt = { operation: 'list', key: '', requestBytes: 0, responseBytes: 0 } as const
const refused = { ...attempt, error: 'STORAGE_UNAVAILABLE', why: 'nothing listens there' } as const

function notes() {
  const clock = new TestClock()
  const lines: string[] = []
  const observer = new TroubleNotes('s3://backups', clock, (line) => lines.push(line))
  return { clock, lines, observer }
}

describe('notes of trouble with a storage', () => {
  test('a request without an answer is noted after two seconds, and again every ten', async () => {
    const { clock, lines, observer } = notes()
    for (let second = 0; second < 15; second++) {
      observer.onAttempt({ ...refused, durationMs: 0 })
      await clock.pass(1000)
    }
    const line = 's3://backups: nothing listens there; asking again'
    expect(lines).toEqual([line, line])
  })

  test('one attempt that took long is noted at once', () => {
    const { lines, observer } = notes()
    observer.onAttempt({ ...refused, why: 'it did not answer in time', durationMs: 25_000 })
    expect(lines).toEqual(['s3://backups: it did not answer in time; asking again'])
  })

  test('trouble between answers is not noted, nor is an answer that means no', async () => {
    const { clock, lines, observer } = notes()
    for (let second = 0; second < 15; second++) {
      observer.onAttempt({ ...refused, durationMs: 0 })
      observer.onAttempt(
        second % 2 === 0
          ? { ...attempt, durationMs: 5 }
          : { ...attempt, error: 'STORAGE_NOT_FOUND', durationMs: 5 },
      )
      await clock.pass(1000)
    }
    expect(lines).toEqual([])
  })
})
