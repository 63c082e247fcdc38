import { asError, type CallOptions, type DeleteResult, type ObjectKey } from '@kannery/storage'
import { abortOptions, type Connection } from './client.ts'
import { type Attempt, deletionError, s3Error } from './errors.ts'
import type { ObjectNames } from './object-names.ts'

/**
 * How many keys one request may have.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
export const deleteBatch = 1000

/**
 * Deletes up to {@link deleteBatch} keys in one request. When the request fails, each key has
 * failed.
 */
export async function deleteTogether(
  { client, sdk }: Connection,
  names: ObjectNames,
  keys: readonly ObjectKey[],
  options: CallOptions,
): Promise<readonly DeleteResult[]> {
  const attemptOn = (key: ObjectKey): Attempt => {
    return { operation: 'deleteMany', key, place: names.describe(key) }
  }
  try {
    const command = new sdk.DeleteObjectsCommand({
      Bucket: names.bucket,
      Delete: { Objects: keys.map((key) => ({ Key: names.nameOf(key) })), Quiet: true },
    })
    const { Errors = [] } = await client.send(command, abortOptions(options.signal))
    const failed = new Map(Errors.map((error) => [error.Key, error]))
    return keys.map((key) => {
      const error = failed.get(names.nameOf(key))
      return error === undefined ? { key } : { key, error: deletionError(error, attemptOn(key)) }
    })
  } catch (error) {
    options.signal?.throwIfAborted()
    return keys.map((key) => ({ key, error: asError(s3Error(error, attemptOn(key))) }))
  }
}
