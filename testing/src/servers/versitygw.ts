import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3'
import { buildGoProgram } from './go-program.ts'
import { startHttpServer } from './http-server-process.ts'
import type { S3Credentials, S3Server } from './s3-server.ts'

const program = {
  name: 'versitygw',
  package: 'github.com/versity/versitygw/cmd/versitygw',
  version: 'v1.8.0',
}
const credentials = { accessKeyId: 'kannery', secretAccessKey: 'kannery-secret' }
const appender = { accessKeyId: 'kannery-appender', secretAccessKey: 'kannery-appender-secret' }
const reader = { accessKeyId: 'kannery-reader', secretAccessKey: 'kannery-reader-secret' }
const region = 'us-east-1'

export interface VersitygwServer extends S3Server {
  /** Of an identity that may list, read and write, but delete nothing, in every bucket that was created here. */
  readonly appender: S3Credentials
  /** Of one that may list and read there. */
  readonly reader: S3Credentials
  /** Makes unfinished uploads into `bucket` look as if they had been begun so much earlier. */
  ageUploads(bucket: string, milliseconds: number): Promise<void>
}

/** S3 over a folder. Fast; enforces every condition, and has the object lock. */
export async function startVersitygw(): Promise<VersitygwServer> {
  const binary = await buildGoProgram(program)
  const server = await startHttpServer({
    name: program.name,
    ports: 1,
    command: async (folder, [port]) => {
      const buckets = join(folder, 'buckets')
      const versions = join(folder, 'versions')
      const identities = join(folder, 'identities')
      await Promise.all([buckets, versions, identities].map((path) => mkdir(path)))
      await writeFile(join(identities, 'users.json'), identitiesFile())
      return [
        'env',
        `ROOT_ACCESS_KEY=${credentials.accessKeyId}`,
        `ROOT_SECRET_KEY=${credentials.secretAccessKey}`,
        binary,
        '--quiet',
        '--port',
        `127.0.0.1:${port}`,
        '--iam-dir',
        identities,
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
    region,
    credentials,
    appender,
    reader,
    createBucket: async (bucket) => {
      await mkdir(join(server.folder, 'buckets', bucket))
      const client = clientOf(server.endpoint)
      const Policy = policyOf(bucket)
      await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }))
      client.destroy()
    },
    ageUploads: async (bucket, milliseconds) => {
      const uploads = join(server.folder, 'buckets', bucket, '.sgwtmp/multipart')
      const begun = new Date(Date.now() - milliseconds)
      for (const object of await readdir(uploads)) {
        for (const upload of await readdir(join(uploads, object))) {
          await utimes(join(uploads, object, upload), begun, begun)
        }
      }
    },
  }
}

/** The SDK notes things in the credentials that it is given. */
function clientOf(endpoint: string): S3Client {
  return new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true })
}

function identitiesFile(): string {
  const ids = { userID: 0, groupID: 0, projectID: 0 }
  const accounts = [appender, reader].map(({ accessKeyId: access, secretAccessKey: secret }) => [
    access,
    { access, secret, role: 'user', ...ids },
  ])
  return JSON.stringify({ accessAccounts: Object.fromEntries(accounts) })
}

function policyOf(bucket: string): string {
  const allow = (who: S3Credentials, Action: readonly string[], path = ''): unknown => ({
    Effect: 'Allow',
    Principal: { AWS: [who.accessKeyId] },
    Action,
    Resource: `arn:aws:s3:::${bucket}${path}`,
  })
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      allow(appender, ['s3:ListBucket', 's3:ListBucketMultipartUploads']),
      allow(appender, ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'], '/*'),
      allow(reader, ['s3:ListBucket']),
      allow(reader, ['s3:GetObject'], '/*'),
    ],
  })
}
