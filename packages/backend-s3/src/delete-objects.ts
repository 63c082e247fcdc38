import { asError, type CallOptions, type DeleteResult, type ObjectKey } from '@kannery/storage'
import { type Connection, sendOptions } from './client.ts'
import { type Attempt, deletionError, s3Error } from './errors.ts'
import type { Place } from './object-names.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export const deleteBatch = 1000

/** Up to {@link deleteBatch} keys in one request. What fails as a whole fails for each key. */
export async function deleteTogether(
  { client, sdk }: Connection,
  place: Place,
  keys: readonly ObjectKey[],
  options: CallOptions,
): Promise<readonly DeleteResult[]> {
  const attemptOn = (key: ObjectKey): Attempt => {
    return { operation: 'deleteMany', key, place: place.describe(key) }
  }
  try {
    const command = new sdk.DeleteObjectsCommand({
      Bucket: place.bucket,
      Delete: { Objects: keys.map((key) => ({ Key: place.nameOf(key) })), Quiet: true },
    })
    const { Errors = [] } = await client.send(command, sendOptions(options.signal))
    const failed = new Map(Errors.map((error) => [error.Key, error]))
    return keys.map((key) => {
      const error = failed.get(place.nameOf(key))
      return error === undefined ? { key } : { key, error: deletionError(error, attemptOn(key)) }
    })
  } catch (error) {
    options.signal?.throwIfAborted()
    return keys.map((key) => ({ key, error: asError(s3Error(error, attemptOn(key))) }))
  }
}
