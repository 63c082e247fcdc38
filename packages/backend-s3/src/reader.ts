import { addAbortSignal, type Readable } from 'node:stream'
import type { GetObjectCommandInput, GetObjectCommandOutput } from '@aws-sdk/client-s3'
import type {
  GetOptions,
  ObjectKey,
  ObjectReader,
  ObjectVersion,
  StoredObject,
} from '@kannery/storage'
import { RangeRequest } from '@kannery/storage/backend'
import { abortOptions, answeredAt, type Connection } from './client.ts'
import { type Attempt, errors, s3Error } from './errors.ts'

/**
 * Opens an object for reading.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function openReader(
  { client, sdk }: Connection,
  request: Pick<GetObjectCommandInput, 'Bucket' | 'Key'>,
  key: ObjectKey,
  options: GetOptions,
  attempt: Attempt,
): Promise<ObjectReader> {
  const { range, ifVersion, signal } = options
  const wanted = new RangeRequest(range, errors, attempt)
  const input: GetObjectCommandInput = {
    ...request,
    Range: wanted.header,
    IfMatch: ifVersion,
  }
  try {
    const command = new sdk.GetObjectCommand(input)
    const output = await client.send(command, abortOptions(signal))
    const body = output.Body as Readable
    try {
      const { ContentLength: contentLength, ContentRange: contentRange } = output
      const span = wanted.accept({ contentLength, contentRange })
      return {
        info: describe(key, { ...output, ContentLength: span.size }, attempt),
        body: wanted.read(
          signal === undefined ? body : addAbortSignal(signal, body),
          span,
          (error) => s3Error(error, attempt, options),
        ),
        [Symbol.asyncDispose]: async () => {
          body.destroy()
        },
      }
    } catch (error) {
      body.destroy()
      throw error
    }
  } catch (error) {
    throw s3Error(error, attempt, options)
  }
}

/** Returns what S3 says about an object in the form of the contract. */
export function describe(
  key: ObjectKey,
  output: Pick<GetObjectCommandOutput, '$metadata' | 'ContentLength' | 'ETag' | 'LastModified'>,
  attempt: Attempt,
): StoredObject {
  const { ContentLength: size, ETag: etag, LastModified: lastModified } = output
  if (size === undefined || etag === undefined || lastModified === undefined) {
    throw errors.strangeAnswer(attempt, 'it has no size, ETag or time')
  }
  const version = etag as ObjectVersion
  return { key, size, version, lastModified, answeredAt: answeredAt(output) }
}
