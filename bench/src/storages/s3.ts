import { Readable } from 'node:stream'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { plugin } from '@kannery/backend-s3'
import { context, type Peer, type TransferTarget } from './peer.ts'

const region = 'us-east-1'

export const s3: Peer = {
  openBackend: async ({ endpoint, bucket, credentials }) =>
    await plugin.open(
      { bucket, region, endpoint },
      { ...context, ...(credentials && { credentials }) },
    ),

  putBySdk: async (target, key, pieces) => {
    const params = { Bucket: target.bucket, Key: key, Body: Readable.from(pieces) }
    await new Upload({ client: client(target), params }).done()
  },

  getBySdk: async (target, key) => {
    const command = new GetObjectCommand({ Bucket: target.bucket, Key: key })
    const { Body } = await client(target).send(command)
    return Body as Readable
  },
}

function client({ endpoint, credentials }: TransferTarget): S3Client {
  const { accessKeyId = '', secretAccessKey = '' } = credentials ?? {}
  return new S3Client({
    region,
    endpoint,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  })
}
