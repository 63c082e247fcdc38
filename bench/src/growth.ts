import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from '@kannery/testing/paths'
import { formatTable, spread } from './measuring/report.ts'

/** What packages/core/test/growth/run.ts prints. */
interface GrowthCost {
  readonly indexBytes: number
  readonly acquire: Traffic
  readonly commits: readonly (Traffic & { readonly milliseconds: number })[]
}

interface Traffic {
  readonly requests: readonly string[]
  readonly sentBytes: number
  readonly receivedBytes: number
}

const script = join(repositoryRoot, 'packages/core/test/growth/run.ts')
const sizes = [
  { segments: 1_000, partitions: 1 },
  { segments: 10_000, partitions: 1 },
  { segments: 100_000, partitions: 1 },
  { segments: 1_000_000, partitions: 1 },
  { segments: 300, partitions: 500 },
]

/**
 * What acquiring a topic and committing to it cost as its backup grows: by the production code,
 * over a storage in memory that counts. Each size has a process of its own.
 */
export async function benchGrowth(say: (line: string) => void): Promise<string> {
  const rows: string[][] = []
  for (const { segments, partitions } of sizes) {
    say(`growing ${segments} segments of ${partitions} partitions`)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        ...['--conditions=@kannery/source', script],
        ...['--segments', String(segments), '--partitions', String(partitions)],
      ],
      { maxBuffer: 64 * 1024 * 1024 },
    )
    rows.push([`${segments} × ${partitions}`, ...cellsOf(JSON.parse(stdout) as GrowthCost)])
  }
  return `${formatTable([header, ...rows])}\n`
}

const header = [
  'segments × partitions',
  'index KiB',
  'acquire requests',
  'acquire KiB',
  'commit ms',
  'commit KiB',
  'commit requests',
]

function cellsOf({ indexBytes, acquire, commits }: GrowthCost): string[] {
  const times = commits.map(({ milliseconds }) => milliseconds)
  const sent = commits.map(({ sentBytes }) => sentBytes / 1024)
  const requests = commits.reduce((sum, commit) => sum + commit.requests.length, 0)
  return [
    (indexBytes / 1024).toFixed(0),
    String(acquire.requests.length),
    ((acquire.sentBytes + acquire.receivedBytes) / 1024).toFixed(0),
    spread(times, 1),
    spread(sent, 0),
    (requests / commits.length).toFixed(2),
  ]
}
