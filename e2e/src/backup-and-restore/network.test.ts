import { fillTopic } from '@kannery/testing/python/topics'
import { describe, expect, inject, test } from 'vitest'
import { kanneryUnderStrace } from '../command-line/system-calls.ts'
import { temporaryFolder } from '../command-line/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')

/**
 * host:port of every TCP or UDP address that was connected or sent to; also of attempts that
 * failed.
 */
function reached(calls: readonly string[]): string[] {
  const addresses = calls.flatMap((call) => {
    const port = /sin6?_port=htons\((\d+)\)/.exec(call)?.[1]
    const host = /inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"/.exec(call)
    return port === undefined ? [] : [`${host?.[1] ?? host?.[2]}:${port}`]
  })
  return [...new Set(addresses)]
}

describe('the network connections of kannery', () => {
  test('lead to the configured brokers only in a backup and a restore, nowhere in other commands, and none listens', async () => {
    const topic = 'unwatched'
    await fillTopic('plain', { bootstrapServers, topic, records: 100, partitions: 1 })
    await using folder = await temporaryFolder()
    const watch = (...words: string[]): ReturnType<typeof kanneryUnderStrace> =>
      kanneryUnderStrace('connect,sendto,sendmsg,sendmmsg,bind,listen', words)

    const runs = {
      backup: await watch(
        ...['backup', '--from', bootstrapServers, '--topic', topic, '--to', folder.path, '--once'],
      ),
      restore: await watch(
        ...['restore', '--from', folder.path, '--to', bootstrapServers],
        ...['--topic', topic, '--as', 'unwatched-copy', '--verify'],
      ),
      ls: await watch('ls', folder.path),
      show: await watch('show', folder.path, topic),
      cat: await watch('cat', folder.path, topic),
      verify: await watch('verify', folder.path),
      help: await watch('help'),
    }

    for (const [name, { status, stderr }] of Object.entries(runs)) {
      expect([name, status, stderr]).toEqual([name, 0, expect.any(String)])
    }
    const { backup, restore, ...withoutKafka } = runs
    for (const { calls } of [backup, restore]) expect(reached(calls)).toEqual([bootstrapServers])
    for (const { calls } of Object.values(withoutKafka)) expect(reached(calls)).toEqual([])
    for (const { calls } of Object.values(runs)) {
      expect(calls.filter((call) => call.startsWith('listen('))).toEqual([])
    }
  })
})
