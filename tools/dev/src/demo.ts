import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kanneryBin } from '@kannery/testing/paths'
import { startKafka } from '@kannery/testing/servers/kafka/kafka-server'
import { type DevCommand, DevError, say } from './command.ts'
import { requireBuild } from './kannery-command.ts'
import { produceOrders } from './orders.ts'
import { runProgram } from './program.ts'

const topic = 'orders'
const copy = 'orders-copy'
const records = 300_000
const partitions = 6

export const demoCommand: DevCommand = {
  name: 'demo',
  usage: '[--damage]',
  summary: 'start a real Kafka, back a topic up, restore it, compare every record',
  async run(words) {
    const unknown = words.find((word) => word !== '--damage')
    if (unknown !== undefined) throw new DevError(`the demo has no option ${unknown}`)
    await requireBuild()
    const folder = await mkdtemp(join(tmpdir(), 'kannery-demo-'))
    try {
      const demo = new Demo(folder)
      return await (words.includes('--damage') ? demo.damage() : demo.roundTrip())
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

class Demo {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async roundTrip(): Promise<number> {
    await using kafka = await this.#kafkaWithOrders()
    const { bootstrapServers } = kafka
    await this.#backUp(bootstrapServers)
    await this.#show('the can, without Kafka', 'ls', this.#folder)
    await this.#show('what it holds', 'show', this.#folder, topic)
    await this.#show(
      `restore it as ${copy}, read it back and compare every record`,
      ...['restore', '--from', this.#folder, '--to', bootstrapServers],
      ...['--topic', topic, '--as', copy, '--verify'],
    )
    say('\ndone: what was backed up is in Kafka again, record by record')
    return 0
  }

  async damage(): Promise<number> {
    await using kafka = await this.#kafkaWithOrders()
    const { bootstrapServers } = kafka
    await this.#backUp(bootstrapServers)
    const { key, position } = await this.#flipOneByte()
    say(`\none byte is flipped: number ${position} of ${key}`)
    await this.#refuse('verify finds it', 'verify', this.#folder)
    const restore = ['restore', '--from', this.#folder, '--to', bootstrapServers, '--topic', topic]
    await this.#refuse('restore refuses', ...restore, '--as', copy)
    await this.#show('the rest can be had', ...restore, '--as', `${copy}-2`, '--skip-damaged')
    say('\ndone: the damaged byte was found and named, and nothing else was lost')
    return 0
  }

  async #kafkaWithOrders(): ReturnType<typeof startKafka> {
    say('starting Apache Kafka (the first time, fetching it)')
    const kafka = await startKafka({ heapMb: 512 })
    try {
      say(`filling topic ${topic} with ${records} records in ${partitions} partitions`)
      const { bootstrapServers } = kafka
      await produceOrders({ bootstrapServers, topic, records, partitions })
      return kafka
    } catch (error) {
      await kafka.stop()
      throw error
    }
  }

  #backUp(bootstrapServers: string): Promise<void> {
    return this.#show(
      `back ${topic} up into a folder`,
      ...['backup', '--from', bootstrapServers, '--to', this.#folder, '--topic', topic, '--once'],
      ...['--segment-size', '2MiB'],
    )
  }

  async #flipOneByte(): Promise<{ key: string; position: number }> {
    const names = await readdir(join(this.#folder, topic))
    const name = names.filter((candidate) => candidate.endsWith('.kan')).sort()[0] ?? ''
    const path = join(this.#folder, topic, name)
    const position = Math.floor((await stat(path)).size / 2)
    await using file = await open(path, 'r+')
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, position)
    byte.writeUInt8(byte.readUInt8() ^ 1)
    await file.write(byte, 0, 1, position)
    return { key: `${topic}/${name}`, position }
  }

  async #show(what: string, ...words: string[]): Promise<void> {
    report(what, words)
    const status = await runProgram(process.execPath, [kanneryBin, ...words])
    if (status !== 0) throw new DevError(`kannery ended with ${status}`)
  }

  /** Runs what must fail. */
  async #refuse(what: string, ...words: string[]): Promise<void> {
    report(what, words)
    const status = await runProgram(process.execPath, [kanneryBin, ...words])
    if (status === 0) throw new DevError('kannery should have refused, and did not')
    say(`(exit status ${status})`)
  }
}

function report(what: string, words: readonly string[]): void {
  say(`\n# ${what}\n$ kannery ${words.join(' ')}`)
}
