import { parseArgs } from 'node:util'

export type BenchName = 'backup' | 'restore' | 'storages' | 'start' | 'growth'

export interface BenchOptions {
  readonly names: readonly BenchName[]
  /** Bytes of record values in the topic, all partitions together. */
  readonly bytes: number
  /**
   * Every contender runs once a round, one after the other, so that a slow minute is slow for all.
   */
  readonly rounds: number
}

const known: readonly BenchName[] = ['backup', 'restore', 'storages', 'start', 'growth']
/** What has a peer. */
const usual: readonly BenchName[] = ['backup', 'restore']

export function parseOptions(words: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      gb: { type: 'string', default: '8' },
      rounds: { type: 'string', default: '5' },
    },
  })
  const gigabytes = Number(values.gb)
  const rounds = Number(values.rounds)
  if (!(gigabytes > 0)) throw new RangeError('--gb wants a number greater than 0')
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds wants a whole number')
  const names = positionals.map((word) => {
    const name = known.find((candidate) => candidate === word)
    if (name === undefined) throw new RangeError(`there is no benchmark ${word}`)
    return name
  })
  return { names: names.length === 0 ? usual : names, bytes: gigabytes * 1e9, rounds }
}
