import { S3Client } from '@aws-sdk/client-s3'
import type { S3Server } from './s3-server.ts'

/** The SDK itself, for what a test wants to see or do on a server without Kannery. */
export function s3ClientOf({
  endpoint,
  region,
  credentials,
}: Pick<S3Server, 'endpoint' | 'region' | 'credentials'>): S3Client {
  // A copy: the SDK adds to what it is given.
  return new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true })
}
