import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installGlobally } from '@kannery/e2e/packing/install-globally'
import { startVersitygw } from '@kannery/testing/servers/object-storages/versitygw'
import { type Measurement, measure } from './measuring/measure.ts'
import { formatTable, spread } from './measuring/report.ts'
import { type Contender, runRounds } from './measuring/rounds.ts'

const bucket = 'backups'

/**
 * How long it takes to look into an empty storage, by the packages as they would be published,
 * beside Node's own start and that of a program that only loads the SDK.
 */
export async function benchStart(
  scratch: string,
  rounds: number,
  say: (line: string) => void,
): Promise<string> {
  say('packing and installing')
  const modules = join(await installGlobally(scratch), 'lib/node_modules')
  const kannery = join(modules, 'kannery/bundle/bin.js')
  const folder = join(scratch, 'empty')
  const nothing = join(scratch, 'nothing.mjs')
  const sdk = join(modules, '@kannery/backend-s3/loads-the-sdk.mjs')
  await mkdir(folder)
  await writeFile(nothing, '')
  await writeFile(sdk, "import '@aws-sdk/client-s3'\n")
  await using server = await startVersitygw()
  await server.createBucket(bucket)
  const { endpoint, region, credentials } = server
  const url = `s3://${bucket}?${new URLSearchParams({ endpoint, region }).toString()}`
  const environment = [
    `AWS_ACCESS_KEY_ID=${credentials.accessKeyId}`,
    `AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}`,
  ]
  const contender = (name: string, ...words: string[]): Contender => ({
    name,
    run: () => measure(scratch, ['env', ...environment, process.execPath, ...words]),
  })
  const results = await runRounds(
    [
      contender('node', nothing),
      contender('node, and the SDK for S3', sdk),
      contender('kannery --version', kannery, '--version'),
      contender('kannery ls ./folder', kannery, 'ls', folder),
      contender('kannery ls s3://bucket', kannery, 'ls', url),
    ],
    rounds,
    say,
  )
  const rows = results.map(({ name, measurements }) => [
    name,
    milliseconds(measurements.map(({ seconds }) => seconds)),
    milliseconds(measurements.map(({ cpuSeconds }) => cpuSeconds)),
    peakOf(measurements),
  ])
  return `${formatTable([['', 'ms', 'CPU ms', 'peak RSS MB'], ...rows])}\n`
}

function milliseconds(seconds: readonly number[]): string {
  return spread(
    seconds.map((value) => 1000 * value),
    0,
  )
}

function peakOf(measurements: readonly Measurement[]): string {
  const bytes = Math.max(...measurements.map(({ peakRssBytes }) => peakRssBytes))
  return (bytes / 1e6).toFixed(0)
}
