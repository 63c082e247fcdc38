import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildGoProgram } from './go-program.ts'
import { startHttpServer } from './http-server-process.ts'
import type { S3Server } from './s3-server.ts'

const program = {
  name: 'versitygw',
  package: 'github.com/versity/versitygw/cmd/versitygw',
  version: 'v1.8.0',
}
const credentials = { accessKeyId: 'kannery', secretAccessKey: 'kannery-secret' }

/** S3 over a folder. Fast; enforces every condition, and has the object lock. */
export async function startVersitygw(): Promise<S3Server> {
  const binary = await buildGoProgram(program)
  const server = await startHttpServer({
    name: program.name,
    ports: 1,
    command: async (folder, [port]) => {
      const buckets = join(folder, 'buckets')
      const versions = join(folder, 'versions')
      await Promise.all([mkdir(buckets), mkdir(versions)])
      return [
        'env',
        `ROOT_ACCESS_KEY=${credentials.accessKeyId}`,
        `ROOT_SECRET_KEY=${credentials.secretAccessKey}`,
        binary,
        '--quiet',
        '--port',
        `127.0.0.1:${port}`,
        'posix',
        '--versioning-dir',
        versions,
        buckets,
      ]
    },
  })
  return {
    ...server,
    name: program.name,
    region: 'us-east-1',
    credentials,
    createBucket: async (bucket) => {
      await mkdir(join(server.folder, 'buckets', bucket))
    },
  }
}
