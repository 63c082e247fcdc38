/**
 * The operations that need permissions: those of the contract, and requests of a streamed write.
 */
export type Operation =
  | 'head'
  | 'get'
  | 'put'
  | 'openWriter'
  | 'sendPart'
  | 'finishUpload'
  | 'list'
  | 'delete'
  | 'deleteMany'

const read =
  'storage.objects.get and storage.objects.list (role "Storage Object Viewer"): without list Google does not say whether an object is missing'
const write =
  'storage.objects.create, and storage.objects.delete to replace an object (role "Storage Object User")'
const remove = 'storage.objects.delete (role "Storage Object User")'

/** What each operation needs. https://cloud.google.com/storage/docs/access-control/iam-json */
export const permissions: Readonly<Record<Operation, string>> = {
  head: read,
  get: read,
  put: write,
  openWriter: write,
  sendPart: write,
  finishUpload: write,
  list: 'storage.objects.list (role "Storage Object Viewer")',
  delete: remove,
  deleteMany: remove,
}
