import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  startVersitygw,
  type VersitygwServer,
} from '@kannery/testing/servers/object-storages/versitygw'
import { measure } from '../measuring/measure.ts'
import type { Contender } from '../measuring/rounds.ts'
import type { RowResult } from '../measuring/row.ts'
import { segmentBytes } from '../storages/storages.ts'
import type { Bench, Row } from './bench.ts'
import { formatSize } from './broker.ts'
import { backupCommand, buildsOf } from './contenders.ts'
import { measureRow } from './measure-row.ts'
import { produce } from './sources.ts'

const topic = 'into-s3'
const bucket = 'bench'
const uploadFiles = join(import.meta.dirname, '../storages/upload-files.ts')

/**
 * Backups into S3 beside the SDK. The SDK's Upload has the easier work: it takes the same bytes
 * from the broker's files, which are in memory, checks nothing of them, and keeps no index. Both
 * make objects as large as segments.
 */
export const objectStorageRows: readonly Row[] = [{ name: 's3/none', run: backUpIntoS3 }]

async function backUpIntoS3(bench: Bench): Promise<RowResult> {
  const source = await produce(bench, bench.bytes, {
    ...{ topic, partitions: 4, compression: 'none', batchBytes: 1_000_000, values: 'letters' },
  })
  const bytes = await bench.broker.logBytes(topic)
  await using server = await startVersitygw()
  const backups = buildsOf(bench).map(({ suffix, bin }) =>
    backup(bench, server, { name: `kannery backup${suffix}`, bin }),
  )
  return await measureRow(bench, source, {
    name: 's3/none',
    title: `backup into S3, codec none, of ${source.records} records, ${formatSize(bytes)}`,
    work: { unit: 'bytes', amount: bytes },
    contenders: [...backups, upload(bench, server)],
  })
}

function backup(
  bench: Bench,
  server: VersitygwServer,
  { name, bin }: { readonly name: string; readonly bin: string },
): Contender {
  const { endpoint, region, credentials } = server
  const target = `s3://${bucket}?${new URLSearchParams({ endpoint, region }).toString()}`
  return intoBucket(bench, server, {
    name,
    command: () => [
      ...['env', `AWS_ACCESS_KEY_ID=${credentials.accessKeyId}`],
      `AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}`,
      ...backupCommand(bench, { topic, target, bin }),
      ...['--codec', 'none'],
    ],
  })
}

function upload(bench: Bench, server: VersitygwServer): Contender {
  const { endpoint, credentials } = server
  const target = JSON.stringify({ endpoint, bucket, credentials })
  return intoBucket(bench, server, {
    name: "the SDK's Upload",
    command: async () => [
      ...['env', `TRANSFER_TARGET=${target}`, process.execPath, uploadFiles],
      ...['--object-bytes', String(segmentBytes), ...(await bench.broker.logFiles(topic))],
    ],
  })
}

/** Each run has an empty bucket. */
function intoBucket(
  { scratch }: Bench,
  server: VersitygwServer,
  {
    name,
    command,
  }: {
    readonly name: string
    readonly command: () => readonly string[] | Promise<readonly string[]>
  },
): Contender {
  return {
    name,
    async run() {
      await server.createBucket(bucket)
      const measurement = await measure(scratch, await command())
      await rm(join(server.folder, 'buckets', bucket), { recursive: true })
      return measurement
    },
  }
}
