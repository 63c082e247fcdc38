import { parseArgs } from 'node:util'
import { rows } from './kafka/rows.ts'

const others = ['storages', 'start', 'growth'] as const

export type OtherBench = (typeof others)[number]

export interface BenchOptions {
  /** Names of the rows beside a broker to measure. */
  readonly rows: ReadonlySet<string>
  readonly others: readonly OtherBench[]
  /** Bytes of a topic, all partitions together. */
  readonly bytes: number
  /**
   * Every contender runs once a round, one after the other, so that a slow minute is slow for all.
   */
  readonly rounds: number
  /** The `bin.js` of an earlier build, to be measured as well. */
  readonly before: string | undefined
  /** A file for all figures. */
  readonly json: string | undefined
}

/** What `words` choose: rows, groups of rows (`backup`), other benchmarks; all rows by default. */
export function parseOptions(words: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      gb: { type: 'string', default: '8' },
      rounds: { type: 'string', default: '5' },
      before: { type: 'string' },
      json: { type: 'string' },
    },
  })
  const gigabytes = Number(values.gb)
  const rounds = Number(values.rounds)
  if (!(gigabytes > 0)) throw new RangeError('--gb wants a number greater than 0')
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds wants a whole number')
  return {
    ...chosenBy(positionals),
    ...{ bytes: gigabytes * 1e9, rounds, before: values.before, json: values.json },
  }
}

function chosenBy(words: readonly string[]): Pick<BenchOptions, 'rows' | 'others'> {
  const names = rows.map(({ name }) => name)
  const chosen = (name: string): boolean =>
    words.length === 0 || words.some((word) => name === word || name.startsWith(`${word}/`))
  for (const word of words) {
    if (others.some((name) => name === word)) continue
    if (!names.some((name) => name === word || name.startsWith(`${word}/`))) {
      const known = [...names, ...others].join(', ')
      throw new RangeError(`there is no benchmark ${word}; there are ${known}`)
    }
  }
  return {
    rows: new Set(names.filter(chosen)),
    others: others.filter((name) => words.includes(name)),
  }
}
