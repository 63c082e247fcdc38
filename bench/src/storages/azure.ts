import { Readable } from 'node:stream'
import {
  BlobServiceClient,
  type BlockBlobClient,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { plugin } from '@kannery/backend-azure'
import { context, type Peer, type TransferTarget } from './peer.ts'

export const azure: Peer = {
  openBackend: async ({ endpoint, bucket: container, credentials }) =>
    await plugin.open({ endpoint, container }, { ...context, ...(credentials && { credentials }) }),

  putBySdk: async (target, key, pieces) => {
    await blob(target, key).uploadStream(Readable.from(pieces))
  },

  getBySdk: async (target, key) => {
    const { readableStreamBody } = await blob(target, key).download()
    return readableStreamBody as Readable
  },
}

/** The account's name is the last of the endpoint, as Azurite has it. */
function blob({ endpoint, bucket, credentials }: TransferTarget, key: string): BlockBlobClient {
  const account = endpoint.slice(endpoint.lastIndexOf('/') + 1)
  const { accountKey = '' } = credentials ?? {}
  const proof = new StorageSharedKeyCredential(account, accountKey)
  return new BlobServiceClient(endpoint, proof).getContainerClient(bucket).getBlockBlobClient(key)
}
