import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cacheFolder } from '@kannery/testing/paths'
import { installKafka } from '@kannery/testing/servers/kafka/kafka-installation'
import { freePorts } from '@kannery/testing/servers/processes/free-ports'
import { type DevCommand, DevError, say } from './command.ts'
import { produceOrders } from './orders.ts'

const usualPort = 9092
const partitionsOfATopic = 3
const startPatienceMs = 100_000
const folder = join(cacheFolder, 'kafka-for-you')
const stateFile = join(folder, 'broker.json')
const logFile = join(folder, 'log')

interface BrokerState {
  readonly pid: number
  readonly bootstrapServers: string
}

export const kafkaCommand: DevCommand = {
  name: 'kafka',
  usage: 'start | stop | fill TOPIC RECORDS',
  summary: 'a broker for experiments, on localhost:9092 when that port is free',
  async run([action, ...words]) {
    if (action === 'start') return start()
    if (action === 'stop') return stop()
    if (action === 'fill') return fill(words)
    throw new DevError('usage: ./dev kafka start | stop | fill TOPIC RECORDS')
  },
}

async function start(): Promise<number> {
  const running = readState()
  if (running !== undefined) {
    say(`a broker is running already: ${addressOf(running)}`)
    return 0
  }
  mkdirSync(folder, { recursive: true })
  rmSync(stateFile, { force: true })
  await installKafka()
  const port = (await isFree(usualPort)) ? usualPort : (await freePorts(1))[0]
  const log = openSync(logFile, 'w')
  const keeper = spawn(
    process.execPath,
    [...process.execArgv, join(import.meta.dirname, 'kafka-keeper.ts'), stateFile, String(port)],
    { stdio: ['ignore', log, log], detached: true },
  )
  keeper.unref()
  const state = await started(keeper)
  if (port !== usualPort) say(`port ${usualPort} is taken by another program`)
  say(`Kafka is running: ${addressOf(state)}`)
  return 0
}

async function started(keeper: ReturnType<typeof spawn>): Promise<BrokerState> {
  const deadline = performance.now() + startPatienceMs
  for (;;) {
    const state = readState()
    if (state !== undefined) return state
    if (keeper.exitCode !== null || performance.now() > deadline) {
      throw new DevError(`Kafka did not start:\n${readFileSync(logFile, 'utf8').slice(-2000)}`)
    }
    await delay(50)
  }
}

async function stop(): Promise<number> {
  const state = readState()
  if (state === undefined) {
    say('no broker is running')
    return 0
  }
  process.kill(state.pid, 'SIGTERM')
  while (isKeeper(state.pid)) await delay(50)
  say('Kafka has stopped; its data are gone')
  return 0
}

async function fill([topic, count]: readonly string[]): Promise<number> {
  const records = Number(count)
  if (topic === undefined || !Number.isSafeInteger(records) || records <= 0) {
    throw new DevError('usage: ./dev kafka fill TOPIC RECORDS')
  }
  const state = readState()
  if (state === undefined) throw new DevError('no broker is running; start one: ./dev kafka start')
  const { bootstrapServers } = state
  await produceOrders({ bootstrapServers, topic, records, partitions: partitionsOfATopic })
  say(`${records} records are in topic ${topic}`)
  return 0
}

function addressOf({ bootstrapServers }: BrokerState): string {
  return bootstrapServers.replace('127.0.0.1', 'localhost')
}

/** undefined when no broker of ours runs, whatever a file from an earlier time says. */
function readState(): BrokerState | undefined {
  try {
    const state = JSON.parse(readFileSync(stateFile, 'utf8')) as BrokerState
    return isKeeper(state.pid) ? state : undefined
  } catch {
    return undefined
  }
}

/** A process id may by now be another program's. */
function isKeeper(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('kafka-keeper')
  } catch {
    return false
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
