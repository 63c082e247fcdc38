import type { MultipartUpload } from '@aws-sdk/client-s3'
import type { CallOptions, KeyPrefix, SweepOptions } from '@kannery/storage'
import { abortOptions, answeredAt, type Connection } from './client.ts'
import { type Attempt, isAnswer, s3Error } from './errors.ts'
import type { ObjectNames } from './object-names.ts'

/**
 * Aborts old unfinished uploads of this storage, and returns how many: until then S3 keeps their
 * parts and bills them.
 */
export async function sweepUploads(
  connection: Connection,
  names: ObjectNames,
  prefix: KeyPrefix,
  options: SweepOptions,
): Promise<number> {
  const attempt: Attempt = {
    operation: 'sweepUnfinished',
    key: prefix,
    place: names.describe(prefix),
  }
  try {
    let swept = 0
    for await (const upload of unfinishedUploads(connection, names, prefix, options)) {
      if (await abort(connection, names, upload, options)) swept++
    }
    return swept
  } catch (error) {
    throw s3Error(error, attempt, options)
  }
}

async function* unfinishedUploads(
  { client, sdk }: Connection,
  names: ObjectNames,
  prefix: KeyPrefix,
  options: SweepOptions,
): AsyncGenerator<MultipartUpload> {
  let markers = {}
  for (;;) {
    const command = new sdk.ListMultipartUploadsCommand({
      Bucket: names.bucket,
      Prefix: names.nameOf(prefix),
      ...markers,
    })
    const page = await client.send(command, abortOptions(options.signal))
    const now = answeredAt(page)?.getTime()
    for (const upload of page.Uploads ?? []) {
      const { Initiated, Key } = upload
      const key = names.keyOf(Key)
      if (key === undefined || !options.isOurs(key)) continue
      if (now === undefined || Initiated === undefined) continue
      if (now - Initiated.getTime() >= options.olderThanMs) yield upload
    }
    if (page.IsTruncated !== true) return
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}

/** Aborts an upload. Returns whether it still existed. */
async function abort(
  { client, sdk }: Connection,
  names: ObjectNames,
  { Key, UploadId }: MultipartUpload,
  options: CallOptions,
): Promise<boolean> {
  try {
    const command = new sdk.AbortMultipartUploadCommand({ Bucket: names.bucket, Key, UploadId })
    await client.send(command, abortOptions(options.signal))
    return true
  } catch (error) {
    if (isAnswer(error, 'NoSuchUpload')) return false
    throw error
  }
}
