import { join } from 'node:path'
import { startAzurite } from '@kannery/testing/servers/object-storages/azurite'
import { startFakeGcsServer } from '@kannery/testing/servers/object-storages/fake-gcs-server'
import { startVersitygw } from '@kannery/testing/servers/object-storages/versitygw'
import { measure } from '../measuring/measure.ts'
import { type Contender, runRounds } from '../measuring/rounds.ts'
import type { RowResult } from '../measuring/row.ts'
import type { TransferTarget } from './peer.ts'

export interface StoragesBench {
  /** A folder for what the runs say. */
  readonly scratch: string
  readonly bytes: number
  readonly rounds: number
  readonly say: (line: string) => void
}

interface Server {
  readonly storage: 's3' | 'gcs' | 'azure'
  /** Provider and server, for people. */
  readonly title: string
  /** What the SDK has for large objects. */
  readonly upload: string
  /** The same in parts that are acknowledged one by one, where that is another way. */
  readonly uploadInParts?: string
  readonly download: string
  readonly target: TransferTarget
}

const script = join(import.meta.dirname, 'transfer.ts')
const bucket = 'bench'

/** The default size at which a backup closes a segment. */
export const segmentBytes = 64 * 1024 * 1024

/**
 * Objects as large as segments, then one large object, put and got by each cloud's backend, beside
 * what its SDK has for that.
 */
export async function benchStorages(bench: StoragesBench): Promise<RowResult[]> {
  return [...(await benchS3(bench)), ...(await benchGcs(bench)), ...(await benchAzure(bench))]
}

async function benchS3(bench: StoragesBench): Promise<RowResult[]> {
  await using server = await startVersitygw()
  await server.createBucket(bucket)
  const { endpoint } = server
  return await benchServer(bench, {
    storage: 's3',
    title: 'S3 (versitygw)',
    upload: "the SDK's Upload",
    download: "the SDK's GetObject",
    target: { endpoint, bucket, credentials: { ...server.credentials } },
  })
}

async function benchGcs(bench: StoragesBench): Promise<RowResult[]> {
  await using server = await startFakeGcsServer()
  await server.createBucket(bucket)
  return await benchServer(bench, {
    storage: 'gcs',
    title: 'Google Cloud Storage (fake-gcs-server)',
    upload: "the SDK's createWriteStream",
    // A part that is kept until it is acknowledged can be sent again. This server's work grows with
    // their number; Google's does not.
    uploadInParts: "the SDK's createWriteStream, in parts",
    download: "the SDK's createReadStream",
    target: { endpoint: server.endpoint, bucket },
  })
}

async function benchAzure(bench: StoragesBench): Promise<RowResult[]> {
  await using server = await startAzurite()
  await server.createContainer(bucket)
  const { endpoint, account } = server
  return await benchServer(bench, {
    storage: 'azure',
    title: 'Azure (Azurite)',
    upload: "the SDK's uploadStream",
    download: "the SDK's download",
    target: { endpoint, bucket, credentials: { accountKey: account.key } },
  })
}

async function benchServer(bench: StoragesBench, server: Server): Promise<RowResult[]> {
  const { bytes } = bench
  const count = Math.ceil(bytes / segmentBytes)
  return [
    ...(await benchObjects(bench, server, {
      what: 'as segments',
      count,
      bytes: Math.ceil(bytes / count),
    })),
    ...(await benchObjects(bench, server, { what: 'as one object', count: 1, bytes })),
  ]
}

interface Objects {
  /** For people. */
  readonly what: string
  readonly count: number
  /** Of each. */
  readonly bytes: number
}

async function benchObjects(
  { scratch, rounds, say }: StoragesBench,
  { storage, title, upload, uploadInParts, download, target }: Server,
  { what, ...objects }: Objects,
): Promise<RowResult[]> {
  const contender = (
    direction: 'put' | 'get',
    by: 'kannery' | 'sdk' | 'sdk-in-parts',
    name: string,
  ): Contender => ({
    name,
    run: () =>
      measure(scratch, [
        ...['env', `TRANSFER_TARGET=${JSON.stringify(target)}`, process.execPath, script],
        ...['--storage', storage, '--by', by, '--direction', direction],
        ...['--objects', String(objects.count), '--bytes', String(objects.bytes)],
      ]),
  })
  const put = [
    contender('put', 'kannery', 'kannery writer'),
    contender('put', 'sdk', upload),
    ...(uploadInParts === undefined ? [] : [contender('put', 'sdk-in-parts', uploadInParts)]),
  ]
  const get = [contender('get', 'kannery', 'kannery reader'), contender('get', 'sdk', download)]
  const total = objects.count * objects.bytes
  const row = async (way: string, contenders: readonly Contender[]): Promise<RowResult> => ({
    name: `storages/${storage} ${way} (${what})`,
    title: `${(total / 1e9).toFixed(2)} GB ${what} ${way} ${title}`,
    work: { unit: 'bytes', amount: total },
    contenders: await runRounds(contenders, rounds, (line) => say(`${storage}: ${line}`)),
  })
  return [await row('into', put), await row('out of', get)]
}
