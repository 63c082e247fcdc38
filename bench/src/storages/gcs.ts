import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type File, Storage } from '@google-cloud/storage'
import { plugin } from '@kannery/backend-gcs'
import { context, type Peer, type TransferTarget } from './peer.ts'

export const gcs: Peer = {
  openBackend: async ({ endpoint, bucket }) => await plugin.open({ bucket, endpoint }, context),

  putBySdk: async (target, key, pieces) => {
    await pipeline(Readable.from(pieces), file(target, key).createWriteStream())
  },

  putInPartsBySdk: async (target, key, pieces) => {
    const parts = file(target, key).createWriteStream({ chunkSize: 16 * 1024 * 1024 })
    await pipeline(Readable.from(pieces), parts)
  },

  getBySdk: async (target, key) => file(target, key).createReadStream(),
}

function file({ endpoint, bucket }: TransferTarget, key: string): File {
  return new Storage({ apiEndpoint: endpoint, projectId: 'kannery' }).bucket(bucket).file(key)
}
