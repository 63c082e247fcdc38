import type { MultipartUpload } from '@aws-sdk/client-s3'
import type { CallOptions, KeyPrefix, SweepOptions } from '@kannery/storage'
import { answeredAt, type Connection, sendOptions } from './client.ts'
import { type Attempt, isAnswer, s3Error } from './errors.ts'
import type { Place } from './object-names.ts'

/**
 * Aborts uploads of ours that nobody finished: S3 keeps their parts, and bills them, until somebody
 * does.
 */
export async function sweepUploads(
  connection: Connection,
  place: Place,
  prefix: KeyPrefix,
  options: SweepOptions,
): Promise<number> {
  const attempt: Attempt = {
    operation: 'sweepUnfinished',
    key: prefix,
    place: place.describe(prefix),
  }
  try {
    let swept = 0
    for await (const upload of unfinishedUploads(connection, place, prefix, options)) {
      if (await abort(connection, place, upload, options)) swept++
    }
    return swept
  } catch (error) {
    throw s3Error(error, attempt, options)
  }
}

async function* unfinishedUploads(
  { client, sdk }: Connection,
  place: Place,
  prefix: KeyPrefix,
  options: SweepOptions,
): AsyncGenerator<MultipartUpload> {
  let markers = {}
  for (;;) {
    const command = new sdk.ListMultipartUploadsCommand({
      Bucket: place.bucket,
      Prefix: place.nameOf(prefix),
      ...markers,
    })
    const page = await client.send(command, sendOptions(options.signal))
    const now = answeredAt(page)?.getTime()
    for (const upload of page.Uploads ?? []) {
      const { Initiated, Key } = upload
      const key = place.keyOf(Key)
      if (key === undefined || !options.isOurs(key)) continue
      if (now === undefined || Initiated === undefined) continue
      if (now - Initiated.getTime() >= options.olderThanMs) yield upload
    }
    if (page.IsTruncated !== true) return
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}

/** Whether it was there to abort. */
async function abort(
  { client, sdk }: Connection,
  place: Place,
  { Key, UploadId }: MultipartUpload,
  options: CallOptions,
): Promise<boolean> {
  try {
    const command = new sdk.AbortMultipartUploadCommand({ Bucket: place.bucket, Key, UploadId })
    await client.send(command, sendOptions(options.signal))
    return true
  } catch (error) {
    if (isAnswer(error, 'NoSuchUpload')) return false
    throw error
  }
}
