import { join } from 'node:path'
import { startS3rver } from '@kannery/testing/servers/object-storages/s3rver'
import { run } from '@kannery/testing/servers/processes/run'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../command-line/temporary-folder.ts'
import { installGlobally } from '../packing/install-globally.ts'

describe('a global installation', () => {
  test('with one backend works with that one, and reports what to install for another', {
    timeout: 300_000,
  }, async () => {
    await using folder = await temporaryFolder()
    const prefix = await installGlobally(folder.path)
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
})
