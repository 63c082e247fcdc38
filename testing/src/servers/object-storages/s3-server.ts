import { S3Client } from '@aws-sdk/client-s3'
import type { HttpServerProcess } from '../processes/http-server-process.ts'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** A server that speaks S3 with the bucket in the path. */
export interface S3Server extends HttpServerProcess {
  readonly name: string
  readonly region: string
  /** Of an identity that may do everything. */
  readonly credentials: S3Credentials
  createBucket(bucket: string): Promise<void>
}

/** The SDK itself, for what a test wants to see or do on a server without Kannery. */
export function s3ClientOf({
  endpoint,
  region,
  credentials,
}: Pick<S3Server, 'endpoint' | 'region' | 'credentials'>): S3Client {
  // A copy: the SDK adds to what it is given.
  return new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true })
}
