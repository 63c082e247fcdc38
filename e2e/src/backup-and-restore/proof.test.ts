import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runPython } from '@kannery/testing/python/python'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { runKafkaTool } from '@kannery/testing/servers/kafka/kafka-installation'
import { type ProxiedKafka, startProxiedKafka } from '@kannery/testing/servers/kafka/proxied-kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KanneryRun, kannery, kannerySucceeds } from '../command-line/kannery.ts'
import { type TemporaryFolder, temporaryFolder } from '../command-line/temporary-folder.ts'

const produceKey = 0
const fetchKey = 1
const listOffsetsKey = 2
const verifyFailedStatus = 70
const records = 2_000

let kafka: ProxiedKafka
let folder: TemporaryFolder
beforeAll(async () => {
  kafka = await startProxiedKafka()
  folder = await temporaryFolder()
  const { bootstrapServers } = kafka
  await fillTopic('plain', { bootstrapServers, topic: 'source', records, partitions: 2 })
  await kannerySucceeds([
    ...['backup', '--from', bootstrapServers, '--topic', 'source'],
    ...['--to', folder.path, '--once'],
  ])
})
afterAll(async () => {
  await folder[Symbol.asyncDispose]()
  await kafka[Symbol.asyncDispose]()
})

/** Restores with --verify; `tamper` runs when all is written and nothing has been read back yet. */
async function restoreTampered(target: string, tamper: () => Promise<void>): Promise<KanneryRun> {
  let written = false
  let tampered: Promise<void> | undefined
  kafka.proxy.beforeRequest = async ({ apiKey, clientId }) => {
    if (clientId !== 'kannery') return
    if (apiKey === produceKey) written = true
    if (!written || (apiKey !== listOffsetsKey && apiKey !== fetchKey)) return
    tampered ??= tamper()
    await tampered
  }
  const restored = await kannery([
    ...['restore', '--from', folder.path, '--to', kafka.bootstrapServers],
    ...['--topic', 'source', '--as', target, '--verify'],
  ])
  kafka.proxy.beforeRequest = () => {}
  expect(tampered).toBeDefined()
  return restored
}

async function tamperLog(target: string, deviation: string): Promise<number> {
  const file = join(kafka.dataFolder, `${target}-1`, '00000000000000000000.log')
  const { status, stdout, stderr } = await runPython('tamper_log.py', [
    file,
    '--deviation',
    deviation,
  ])
  if (status !== 0) throw new Error(stderr)
  return Number(stdout)
}

async function differences(target: string): Promise<readonly string[]> {
  const { bootstrapServers } = kafka
  return (await checkTopics({ bootstrapServers, source: 'source', target })).differences
}

describe('a restore that differs from the backup is found by --verify and by the checker', () => {
  test('a faithful restore passes both', async () => {
    const restored = await restoreTampered('faithful', async () => {})

    expect(restored).toMatchObject({ status: 0 })
    expect(await differences('faithful')).toEqual([])
  })

  test.each(['changed', 'swapped', 'doubled-for-another'])(
    'with as many records as there should be, one %s',
    async (deviation) => {
      let offset = -1
      const restored = await restoreTampered(deviation, async () => {
        offset = await tamperLog(deviation, deviation)
      })

      expect(restored.status).toBe(verifyFailedStatus)
      expect(restored.stderr).toMatch(new RegExp(`partition 1\\b.*offset ${offset}\\b`))
      const found = await differences(deviation)
      expect(found.length).toBeGreaterThan(0)
      for (const sentence of found) {
        expect(sentence).toMatch(new RegExp(`^partition 1: .*offset (${offset}|${offset + 1})\\b`))
      }
    },
  )

  test('a missing record is found', async () => {
    const restored = await restoreTampered('missing', () => deleteFirstRecord('missing', 1))

    expect(restored.status).toBe(verifyFailedStatus)
    expect(restored.stderr).toMatch(/partition 1\b.*offset 0\b/)
    expect(await differences('missing')).toEqual([
      'partition 1: source offset 0 is missing in the target, after target offset None',
    ])
  })

  test('an additional record is found', async () => {
    const restored = await restoreTampered('doubled', () => appendRecord('doubled', 1))

    expect(restored.status).toBe(verifyFailedStatus)
    expect(restored.stderr).toMatch(new RegExp(`partition 1\\b.*offset ${records / 2}\\b`))
    expect(await differences('doubled')).toEqual([
      `partition 1: target offset ${records / 2} should not be there, after source offset ${records / 2 - 1}`,
    ])
  })
})

async function deleteFirstRecord(topic: string, partition: number): Promise<void> {
  await using scratch = await temporaryFolder()
  const file = join(scratch.path, 'offsets.json')
  const wanted = { version: 1, partitions: [{ topic, partition, offset: 1 }] }
  await writeFile(file, JSON.stringify(wanted))
  await runKafkaTool(
    'org.apache.kafka.tools.DeleteRecordsCommand',
    ...['--bootstrap-server', kafka.bootstrapServers, '--offset-json-file', file],
  )
}

async function appendRecord(topic: string, partition: number): Promise<void> {
  const { status, stderr } = await runPython('append_record.py', [
    ...['--bootstrap', kafka.bootstrapServers, '--topic', topic, '--partition', String(partition)],
  ])
  if (status !== 0) throw new Error(stderr)
}
