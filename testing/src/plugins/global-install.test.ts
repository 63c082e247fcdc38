import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type TemporaryFolder, temporaryFolder } from '../main-job/temporary-folder.ts'
import { packPackage } from '../packing/packed-package.ts'
import { run } from '../servers/run.ts'
import { startS3rver } from '../servers/s3rver.ts'

/** The command line with what it needs, and one backend of a cloud. */
const wanted = [
  'packages/storage',
  'packages/storage-testkit',
  'packages/core',
  'packages/kafka',
  'packages/runtime',
  'packages/backend-volume',
  'packages/backend-s3',
  'apps/cli',
]

async function packAll(into: TemporaryFolder): Promise<string[]> {
  const tarballs: string[] = []
  for (const folder of wanted) {
    const destination = join(into.path, folder)
    await mkdir(destination, { recursive: true })
    tarballs.push((await packPackage(folder, destination)).tarball)
  }
  return tarballs
}

test('installed globally with one backend, it works with that one and says what to install for another', {
  timeout: 300_000,
}, async () => {
  await using folder = await temporaryFolder()
  const prefix = join(folder.path, 'prefix')
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', [
    ...['install', '--global', '--prefix', prefix, ...quiet],
    ...(await packAll(folder)),
  ])
  await using server = await startS3rver()
  await server.createBucket('backups')
  const { accessKeyId, secretAccessKey } = server.credentials
  const env = {
    ...process.env,
    KANNERY_PLUGIN_FOLDER: join(folder.path, 'no-plugins'),
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  }
  const ls = (url: string): Promise<string> =>
    run(join(prefix, 'bin/kannery'), ['ls', url, '-o', 'json'], { env })

  const bucket = `s3://backups?endpoint=${server.endpoint}&region=${server.region}`
  expect(JSON.parse(await ls(bucket))).toEqual({ topics: [] })
  await expect(ls('gs://backups')).rejects.toThrow(/PLUGIN_MISSING.*@kannery\/backend-gcs/s)
  await expect(ls('gs://backups')).rejects.toThrow(/npm install --global @kannery\/backend-gcs/)
})
