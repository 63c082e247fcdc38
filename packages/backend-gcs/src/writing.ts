import type { ObjectKey, PutOptions, StoredObject, WriteCondition } from '@kannery/storage'
import { crc32c } from '@node-rs/crc32'
import type { GcsClient } from './client.ts'
import type { Attempt } from './errors.ts'
import { describe, type Metadata, metadataFields } from './metadata.ts'

/** One object to write: where, and with which properties. */
export interface Destination {
  readonly bucket: string
  readonly name: string
  readonly key: ObjectKey
  readonly options: PutOptions
  readonly attempt: Attempt
}

const boundary = 'kannery-part-of-an-upload'
const defaultContentType = 'application/octet-stream'

/**
 * All in one request, with the checksum that Google compares before it stores anything.
 * https://cloud.google.com/storage/docs/uploading-objects#uploading-an-object, "multipart"
 */
export async function putObject(
  client: GcsClient,
  destination: Destination,
  body: Uint8Array,
): Promise<StoredObject> {
  const { bucket, name, key, options, attempt } = destination
  const { contentType = defaultContentType, condition, signal } = options
  const metadata = { name, contentType, crc32c: checksum(body) }
  const stored = await client.ask<Metadata>(
    {
      method: 'POST',
      path: uploadPath(bucket),
      query: { uploadType: 'multipart', ...conditionOf(condition), fields: metadataFields },
      headers: { 'content-type': `multipart/related; boundary=${boundary}` },
      body: Buffer.concat([
        Buffer.from(`--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n`),
        Buffer.from(JSON.stringify(metadata)),
        Buffer.from(`\r\n--${boundary}\r\ncontent-type: ${contentType}\r\n\r\n`),
        body,
        Buffer.from(`\r\n--${boundary}--`),
      ]),
      ...(signal === undefined ? {} : { signal }),
    },
    attempt,
  )
  return describe(key, stored, attempt)
}

export function uploadPath(bucket: string): string {
  return `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`
}

/** Generation 0 is "no object". https://cloud.google.com/storage/docs/request-preconditions */
export function conditionOf(condition: WriteCondition): { ifGenerationMatch?: string } {
  switch (condition.kind) {
    case 'overwrite':
      return {}
    case 'if-absent':
      return { ifGenerationMatch: '0' }
    case 'if-version':
      return { ifGenerationMatch: condition.version }
  }
}

/** CRC32C as Google writes it. */
function checksum(body: Uint8Array): string {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(crc32c(body))
  return bytes.toString('base64')
}
