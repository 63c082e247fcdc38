import { pipeline } from 'node:stream/promises'
import type { File } from '@google-cloud/storage'
import type { ObjectKey, PutOptions, StoredObject, WriteCondition } from '@kannery/storage'
import { bodyInPieces } from '@kannery/storage/backend'
import { answeredAt } from './answer.ts'
import { Crc32c } from './client.ts'
import type { Attempt } from './errors.ts'
import { describe, type Metadata } from './metadata.ts'
import { callSdk, jsonOf } from './sdk-call.ts'

/** An object to write: its name and its properties. */
export interface Destination {
  /** Makes a file of the SDK for one request: it remembers the answer. */
  readonly file: () => File
  readonly key: ObjectKey
  readonly options: PutOptions
  readonly attempt: Attempt
}

const defaultContentType = 'application/octet-stream'

/**
 * Writes an object in one request, with a checksum that Google compares before it stores anything.
 */
export async function putObject(
  { file: open, key, options, attempt }: Destination,
  body: Uint8Array,
): Promise<StoredObject> {
  const { signal, onProgress = () => undefined } = options
  const file = open()
  const checksum = new Crc32c()
  checksum.update(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  const output = file.createWriteStream({
    resumable: false,
    // The SDK compares only afterwards, and deletes the object when it differs.
    validation: false,
    metadata: { ...metadataOf(options), crc32c: String(checksum) },
    preconditionOpts: conditionOf(options.condition),
  })
  let answer: unknown
  output.once('response', (response) => {
    answer = response
  })
  const send = () => pipeline(bodyInPieces(body, onProgress), output, { signal })
  await callSdk(send, attempt, options)
  const stored = jsonOf<Metadata>(file.metadata, attempt)
  return describe(key, { ...stored, answeredAt: answeredAt(answer) }, attempt)
}

export function metadataOf({ contentType = defaultContentType }: PutOptions): {
  contentType: string
} {
  return { contentType }
}

/**
 * Returns the condition of a write. Generation 0 means "no object".
 * https://cloud.google.com/storage/docs/request-preconditions
 */
export function conditionOf(condition: WriteCondition): { ifGenerationMatch?: string | number } {
  switch (condition.kind) {
    case 'overwrite':
      return {}
    case 'if-absent':
      return { ifGenerationMatch: 0 }
    case 'if-version':
      return { ifGenerationMatch: condition.version }
  }
}
