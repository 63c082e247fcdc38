import { join } from 'node:path'
import { startVersitygw } from '@kannery/testing/servers/versitygw'
import { measure } from './measure.ts'
import { formatReport } from './report.ts'
import { type Contender, runRounds } from './rounds.ts'

export interface StoragesBench {
  /** A folder for what the runs say. */
  readonly scratch: string
  readonly bytes: number
  readonly rounds: number
  readonly say: (line: string) => void
}

const script = join(import.meta.dirname, 'transfer.ts')
const bucket = 'bench'

/** One large object, put and got by the S3 backend, beside what the SDK has for that, on the same server. */
export async function benchStorages({
  scratch,
  bytes,
  rounds,
  say,
}: StoragesBench): Promise<string[]> {
  await using server = await startVersitygw()
  await server.createBucket(bucket)
  const { accessKeyId, secretAccessKey } = server.credentials
  const contender = (direction: 'put' | 'get', by: 'kannery' | 'sdk', name: string): Contender => ({
    name,
    run: () =>
      measure(scratch, [
        'env',
        ...[`AWS_ACCESS_KEY_ID=${accessKeyId}`, `AWS_SECRET_ACCESS_KEY=${secretAccessKey}`],
        ...[process.execPath, script, '--by', by, '--direction', direction],
        ...['--endpoint', server.endpoint, '--bucket', bucket, '--bytes', String(bytes)],
      ]),
  })
  const size = `${(bytes / 1e9).toFixed(2)} GB`
  const put = await runRounds(
    [contender('put', 'kannery', 'kannery writer'), contender('put', 'sdk', "the SDK's Upload")],
    rounds,
    say,
  )
  const get = await runRounds(
    [contender('get', 'kannery', 'kannery reader'), contender('get', 'sdk', "the SDK's GetObject")],
    rounds,
    say,
  )
  return [
    formatReport(`an object of ${size} into S3 (versitygw)`, bytes, put),
    formatReport(`an object of ${size} out of S3 (versitygw)`, bytes, get),
  ]
}
