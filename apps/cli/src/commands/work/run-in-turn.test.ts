import { type Job, jobsOf, parseDocuments } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { Terminal } from '../../terminal/terminal.ts'
import { runInTurn } from './run-in-turn.ts'

const start = (kind: string, name: string) =>
  `--- {apiVersion: kannery.io/v1alpha1, kind: ${kind}, metadata: {name: ${name}}, spec: `
const restore = (name: string) =>
  `${start('Restore', name)}{storage: s, kafkaCluster: k, topics: [{source: orders}]}}\n`
const jobs = jobsOf(
  parseDocuments(
    [
      `${start('Storage', 's')}{folder: {path: /backups}}}\n`,
      `${start('KafkaCluster', 'k')}{bootstrapServers: ["broker:9092"]}}\n`,
      ...['one', 'two', 'three'].map(restore),
    ].join(''),
  ),
)

/** Runs the jobs; `run` gets the name of each. */
async function ran(
  run: (name: string) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ readonly stderr: string; readonly error: unknown }> {
  let stderr = ''
  const stream = {
    write(text: string | Uint8Array) {
      stderr += String(text)
      return true
    },
  }
  const terminal = new Terminal('text', { stdout: stream, stderr: stream }, { now: () => 0 })
  const named = async (job: Job) => run('restore' in job ? job.restore.metadata.name : '')
  const error = await runInTurn(jobs, named, { terminal, signal }).catch((thrown) => thrown)
  return { stderr, error }
}

describe('the jobs of kannery apply', () => {
  test('all run when one fails, and each error is reported once, with its document', async () => {
    const begun: string[] = []
    const { stderr, error } = await ran((name) => {
      begun.push(name)
      if (name !== 'two') throw new KanneryError('KAFKA_UNREACHABLE', `no broker of ${name}`)
    })

    expect(begun).toEqual(['one', 'two', 'three'])
    expect(stderr).toContain('warning: kafka error: Restore "one": no broker of one')
    expect(stderr).toContain('warning: kafka error: Restore "three": no broker of three')
    expect(error).toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: '2 of 3 documents failed',
      remedy: 'Do what each warning says, then apply only the documents that failed.',
      why: 'Restore "one": KAFKA_UNREACHABLE\nRestore "three": KAFKA_UNREACHABLE',
      facts: { document: 'Restore "one"' },
      cause: { message: 'Restore "one": no broker of one' },
    })
  })

  test('end with the error of the last one if no other failed', async () => {
    const { stderr, error } = await ran((name) => {
      if (name === 'three') throw new KanneryError('KAFKA_UNREACHABLE', 'no broker')
    })

    expect(stderr).toBe('')
    expect(error).toMatchObject({ message: 'Restore "three": no broker' })
  })

  test('are listed if an interruption keeps them from running', async () => {
    const stop = new AbortController()
    const { stderr, error } = await ran(() => stop.abort(), stop.signal)

    expect(stderr).toBe('not run: Restore "two", Restore "three"\n')
    expect(error).toBe(stop.signal.reason)
  })

  test('are listed if an interruption cuts them short after another failed', async () => {
    const stop = new AbortController()
    const { stderr, error } = await ran((name) => {
      if (name === 'one') throw new KanneryError('KAFKA_UNREACHABLE', 'no broker')
      stop.abort()
      stop.signal.throwIfAborted()
    }, stop.signal)

    expect(stderr).toContain('not finished: Restore "two"\nnot run: Restore "three"\n')
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', message: '1 of 2 documents failed' })
  })

  test('end without an error if the last one is interrupted and ends well', async () => {
    const stop = new AbortController()
    const { stderr, error } = await ran((name) => {
      if (name === 'three') stop.abort()
    }, stop.signal)

    expect({ stderr, error }).toEqual({ stderr: '', error: undefined })
  })

  test('keep an error that is not one of ours as the cause', async () => {
    const cause = new TypeError('no such thing')
    const { error } = await ran(() => {
      throw cause
    })
    expect(error).toMatchObject({ code: 'INTERNAL', cause: { cause: { cause } } })
  })
})
