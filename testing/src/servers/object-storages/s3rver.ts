import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '../../paths.ts'
import { startHttpServer } from '../processes/http-server-process.ts'
import type { S3Server } from './s3-server.ts'

const program = join(repositoryRoot, 'testing/node_modules/s3rver/bin/s3rver.js')

/** Ignores every condition: the storage that must be refused. */
export async function startS3rver(): Promise<S3Server> {
  const server = await startHttpServer({
    name: 's3rver',
    ports: 1,
    command: (folder, [port]) => [
      process.execPath,
      program,
      '--directory',
      folder,
      '--address',
      '127.0.0.1',
      '--port',
      String(port),
      '--silent',
    ],
  })
  return {
    ...server,
    name: 's3rver',
    region: 'us-east-1',
    // The only identity that it knows.
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    createBucket: async (bucket) => {
      await mkdir(join(server.folder, bucket))
    },
  }
}
