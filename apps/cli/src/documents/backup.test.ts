import { describe, expect, test } from 'vitest'
import { type BackupOptions, backupDocument } from './backup.ts'

const options: BackupOptions = {
  topic: ['orders'],
  exclude: [],
  once: true,
  transactionPatience: undefined,
  codec: 'zstd',
  segmentSize: 64 * 1024 * 1024,
  segmentAge: 300_000,
  memory: 256 * 1024 * 1024,
  leaseTtl: 300_000,
  wait: undefined,
  retention: undefined,
  identity: undefined,
  metrics: undefined,
}

describe('a Backup made of options', () => {
  test('waits for transactions as long as the options say, or as the document defaults to', () => {
    expect(backupDocument(options).spec.once).toEqual({})
    expect(backupDocument({ ...options, transactionPatience: 90_000 }).spec.once).toEqual({
      transactionPatience: '90s',
    })
  })

  test('is refused with a patience for transactions that would not be used', () => {
    expect(backupDocument({ ...options, once: false }).spec).not.toHaveProperty('once')
    expect(() => backupDocument({ ...options, once: false, transactionPatience: 90_000 })).toThrow(
      /--transaction-patience means nothing without --once/,
    )
  })
})
