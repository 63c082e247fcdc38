import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { countLiveBrokers } from './count-live-brokers.ts'
import { runKafkaTool } from './kafka-installation.ts'
import { startKafka } from './kafka-server.ts'

describe('a Kafka server for tests', () => {
  test('three brokers form a cluster, and two continue when one is killed', async () => {
    await using kafka = await startKafka({ brokers: 3 })
    const ports = kafka.bootstrapServers.split(',').map(portOf)

    expect(await Promise.all(ports.map(countLiveBrokers))).toEqual([3, 3, 3])
    const topic = (commandLine: string): Promise<string> =>
      runKafkaTool(
        'org.apache.kafka.tools.TopicCommand',
        ...`--bootstrap-server ${kafka.bootstrapServers} --topic replicated ${commandLine}`.split(
          ' ',
        ),
      )
    await topic('--create --partitions 1 --replication-factor 3')
    await kafka.killBroker(1)

    expect(await topic('--describe')).toContain('ReplicationFactor: 3')
  })

  test('says what the broker printed when it does not start', async () => {
    await expect(startKafka({ properties: { 'log.segment.bytes': 'many' } })).rejects.toThrow(
      /log\.segment\.bytes/,
    )
  })

  test('leaves no process and no folder when the tests that use it are killed', async () => {
    const tests = spawn(process.execPath, [join(import.meta.dirname, 'broker-child-process.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(tests.stdout), 'line')) as [string]
    const { bootstrapServers, folder, pid } = JSON.parse(line) as VictimReport
    expect(existsSync(folder)).toBe(true)

    const gone = closed(portOf(bootstrapServers))
    tests.kill('SIGKILL')

    await gone
    await ended(pid)
    expect(existsSync(folder)).toBe(false)
  })
})

interface VictimReport {
  readonly bootstrapServers: string
  /** Where the broker keeps its data. */
  readonly folder: string
  /** The supervisor's process id. */
  readonly pid: number
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

/** Resolves when the broker's side of a connection closes. */
async function closed(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.resume()
  await new Promise((resolve) => {
    socket.once('error', resolve)
    socket.once('close', resolve)
  })
}

/** Resolves when the kernel no longer knows the process. */
async function ended(pid: number): Promise<void> {
  const alive = async (): Promise<boolean> =>
    readFile(`/proc/${pid}/stat`, 'utf8').then(
      (stat) => !stat.includes(') Z '),
      () => false,
    )
  while (await alive()) await new Promise((resolve) => setImmediate(resolve))
}
