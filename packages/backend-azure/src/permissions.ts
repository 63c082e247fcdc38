/**
 * The operations that need permissions: those of the contract, and requests of a streamed write.
 */
export type Operation =
  | 'head'
  | 'get'
  | 'put'
  | 'openWriter'
  | 'sendPart'
  | 'commitBlocks'
  | 'list'
  | 'delete'
  | 'deleteMany'
  | 'sweepUnfinished'

const read = 'the role "Storage Blob Data Reader", or a SAS with read (r)'
const write =
  'the role "Storage Blob Data Contributor", or a SAS with read, create and write (r, c, w)'
const remove = 'the role "Storage Blob Data Contributor", or a SAS with delete (d)'

/**
 * What each operation needs.
 * https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory#permissions-for-blob-service-operations,
 * https://learn.microsoft.com/rest/api/storageservices/create-service-sas#permissions-for-a-directory-container-or-blob
 */
export const permissions: Readonly<Record<Operation, string>> = {
  head: read,
  get: read,
  put: write,
  openWriter: write,
  sendPart: write,
  commitBlocks: write,
  list: 'the role "Storage Blob Data Reader", or a SAS with list (l) on the container',
  delete: remove,
  deleteMany: remove,
  sweepUnfinished:
    'the role "Storage Blob Data Contributor", or a SAS with list, create, write and delete (l, c, w, d) on the container',
}
