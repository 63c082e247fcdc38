import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import { startHttpServer } from '../processes/http-server-process.ts'
import { buildGoProgram } from './go-program.ts'
import { type S3Credentials, type S3Server, s3ClientOf } from './s3-server.ts'

const program = {
  name: 'versitygw',
  package: 'github.com/versity/versitygw/cmd/versitygw',
  version: 'v1.8.0',
}
const credentials = { accessKeyId: 'kannery', secretAccessKey: 'kannery-secret' }
const guest = { accessKeyId: 'kannery-guest', secretAccessKey: 'kannery-guest-secret' }
const region = 'us-east-1'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-policy-language-overview.html */
export interface PolicyStatement {
  readonly Effect: 'Allow'
  readonly Action: string | readonly string[]
  readonly Resource: string
}

export interface VersitygwServer extends S3Server {
  /** Of an identity that may do nothing but what {@link allow} says. */
  readonly guest: S3Credentials
  /** Gives `bucket` these statements as its policy, for the guest. */
  allow(bucket: string, statements: readonly PolicyStatement[]): Promise<void>
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
    guest,
    createBucket: async (bucket) => {
      await mkdir(join(server.folder, 'buckets', bucket))
    },
    allow: async (bucket, statements) => {
      const client = s3ClientOf({ endpoint: server.endpoint, region, credentials })
      const Principal = { AWS: [guest.accessKeyId] }
      const Statement = statements.map((statement) => ({ ...statement, Principal }))
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
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

function identitiesFile(): string {
  const { accessKeyId: access, secretAccessKey: secret } = guest
  const account = { access, secret, role: 'user', userID: 0, groupID: 0, projectID: 0 }
  return JSON.stringify({ accessAccounts: { [access]: account } })
}
