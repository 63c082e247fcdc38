import { fillTopic } from '@kannery/testing/python/topics'
import { describe, expect, inject, test } from 'vitest'
import { kanneryJson, kannerySucceeds } from '../command-line/kannery.ts'
import { temporaryFolder } from '../command-line/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')

const mebibyte = 1024 * 1024
const valueBytes = 100_000
/** Runs a program, and says on stderr how many KiB of memory it had at its greatest. */
const watcher = `
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
`

/**
 * Bytes that a backup of a topic of `megabytes` had in memory at its greatest, of a budget of 64
 * MiB.
 */
async function peakOfBackup(topic: string, megabytes: number): Promise<number> {
  const records = (megabytes * 1_000_000) / valueBytes
  await fillTopic('plain', { bootstrapServers, topic, records, valueBytes, partitions: 4 })
  await using folder = await temporaryFolder()
  const { stderr } = await kannerySucceeds(
    [
      ...['backup', '--from', bootstrapServers, '--to', folder.path, '--topic', topic, '--once'],
      ...['--codec', 'none', '--memory', '64MiB'],
    ],
    { under: ['python3', '-c', watcher] },
  )
  const { summary } = await kanneryJson<{ summary: { records: number } }>([
    ...['show', folder.path, topic],
  ])
  expect(summary.records).toBe(records)
  return Number(/^peak (\d+)$/m.exec(stderr)?.[1]) * 1024
}

describe('the memory of a backup', () => {
  test('does not grow with the topic', { timeout: 120_000 }, async () => {
    const small = await peakOfBackup('memory-of-150-mb', 150)
    const large = await peakOfBackup('memory-of-600-mb', 600)

    expect(large).toBeLessThan(small + 48 * mebibyte)
    expect(large).toBeLessThan(320 * mebibyte)
  })
})
