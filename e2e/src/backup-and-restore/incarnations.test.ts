import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { checkTopics, copyTopic, fillTopic } from '@kannery/testing/python/topics'
import { runKafkaTool } from '@kannery/testing/servers/kafka/kafka-installation'
import { describe, expect, inject, test } from 'vitest'
import { kannery, kannerySucceeds } from '../command-line/kannery.ts'
import { temporaryFolder } from '../command-line/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')

/** The page's commands, in its order, for another folder, topic and broker. */
async function commandsOf(page: string, folder: string, topic: string): Promise<string[][]> {
  const text = await readFile(join(repositoryRoot, 'docs/operations', page), 'utf8')
  return [...text.matchAll(/```sh\n(.*?)```/gs)]
    .flatMap(([, block = '']) => block.trim().split('\n'))
    .map((line) =>
      line
        .replace('./backups', folder)
        .replace('localhost:9092', bootstrapServers)
        .replaceAll('orders', topic)
        .split(' ')
        .slice(1),
    )
}

async function deleteTopic(topic: string): Promise<void> {
  const command = ['--delete', '--topic', topic]
  const server = ['--bootstrap-server', bootstrapServers]
  await runKafkaTool('org.apache.kafka.tools.TopicCommand', ...server, ...command)
}

describe('docs/operations/incarnations.md', () => {
  test('restores each incarnation of a topic that was created again as it was', {
    timeout: 180_000,
  }, async () => {
    const topic = 'created-again'
    await using folder = await temporaryFolder()
    const backup = [
      ...['backup', '--from', bootstrapServers, '--topic', topic],
      ...['--to', folder.path, '--once'],
    ]
    await fillTopic('plain', { bootstrapServers, topic, records: 2_000, partitions: 3 })
    await copyTopic({ bootstrapServers, source: topic, target: `${topic}-old` })
    await kannerySucceeds(backup)
    await deleteTopic(topic)
    await fillTopic('nasty', { bootstrapServers, topic, records: 500 })
    const second = await kannery(backup)

    expect(second).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('KAFKA_TOPIC_MISMATCH'),
    })
    expect(second.stdout).toContain(
      `${topic}: the topic was deleted and created again: incarnation 1`,
    )
    const [shown = [], ...others] = await commandsOf('incarnations.md', folder.path, topic)
    expect((await kannerySucceeds(shown)).stdout).toContain('1 (shown)')
    for (const words of others) await kannerySucceeds(words)
    expect(
      await checkTopics({ bootstrapServers, source: `${topic}-old`, target: `${topic}-before` }),
    ).toEqual({ equalRecords: 2_000, differences: [] })

    await kannerySucceeds([
      ...['restore', '--from', folder.path, '--to', bootstrapServers],
      ...['--topic', topic, '--as', `${topic}-after`, '--verify'],
    ])
    const compared = await checkTopics({
      bootstrapServers,
      source: topic,
      target: `${topic}-after`,
    })
    expect(compared.differences).toEqual([])
    expect(compared.equalRecords).toBeGreaterThan(0)
    const absent = ['cat', folder.path, topic, '--incarnation', '7']
    expect(await kannery(absent)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('it has 0, 1'),
    })
  })
})
