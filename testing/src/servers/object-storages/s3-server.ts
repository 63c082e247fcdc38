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
