import type { BlobHTTPHeaders, BlockBlobClient } from '@azure/storage-blob'
import type {
  ObjectKey,
  ObjectVersion,
  PutOptions,
  StoredObject,
  WriteCondition,
} from '@kannery/storage'
import { bodyInPieces } from '@kannery/storage/backend'
import { abortOptions } from './client.ts'
import { type Attempt, azureError } from './errors.ts'
import { describe } from './reader.ts'

/** An object to write: its name and its properties. */
export interface Destination {
  readonly blob: BlockBlobClient
  readonly key: ObjectKey
  readonly options: PutOptions
  readonly attempt: Attempt
}

/** Writes an object in one request. */
export async function putObject(
  { blob, key, options, attempt }: Destination,
  body: Uint8Array,
): Promise<StoredObject> {
  const { onProgress } = options
  const pieces = onProgress === undefined ? body : () => bodyInPieces(body, onProgress)
  try {
    const output = await blob.upload(pieces, body.byteLength, {
      ...headersOf(options),
      ...conditionsOf(options.condition),
      ...abortOptions(options.signal),
    })
    return describe(key, { ...output, contentLength: body.byteLength }, attempt)
  } catch (error) {
    throw azureError(error, attempt, options)
  }
}

export function headersOf({ contentType }: PutOptions): { blobHTTPHeaders?: BlobHTTPHeaders } {
  return contentType === undefined ? {} : { blobHTTPHeaders: { blobContentType: contentType } }
}

export function conditionsOf(condition: WriteCondition): {
  conditions?: { ifMatch?: ObjectVersion; ifNoneMatch?: '*' }
} {
  switch (condition.kind) {
    case 'overwrite':
      return {}
    case 'if-absent':
      return { conditions: { ifNoneMatch: '*' } }
    case 'if-version':
      return { conditions: { ifMatch: condition.version } }
  }
}
