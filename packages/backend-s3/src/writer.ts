import type { CompletedPart } from '@aws-sdk/client-s3'
import type { StoredObject } from '@kannery/storage'
import {
  eitherSignal,
  isCertainlyNotPublished,
  type Part,
  type PartCall,
  type PartSizes,
  type PartTarget,
} from '@kannery/storage/backend'
import { abortOptions, type Connection } from './client.ts'
import { type Attempt, errors, s3Error, tooManyParts } from './errors.ts'
import type { Operation } from './permissions.ts'
import {
  checksum,
  conditionOf,
  type Destination,
  identify,
  propertiesOf,
  putObject,
  reportProgress,
  sendsChecksums,
  storedAs,
} from './put-object.ts'

const mib = 1024 * 1024

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const partSizes: PartSizes = {
  leastBytes: 5 * mib,
  unitBytes: mib,
  preferredBytes: 8 * mib,
  parallel: 4,
}
export const maxParts = 10_000

/**
 * Number of requests that abort an upload of which a part may still be arriving: S3 would keep, and
 * bill, a part that arrives after the first one.
 */
const abortsOfCutOffUpload = 3

/** A multipart upload, which its first part begins. An object of one part needs none. */
export class S3Upload implements PartTarget {
  readonly #connection: Connection
  readonly #destination: Destination
  readonly #parts = new Map<number, CompletedPart>()
  #creation: Creation | undefined
  #size = 0
  #hasCutOffPart = false

  constructor(connection: Connection, destination: Destination) {
    this.#connection = connection
    this.#destination = destination
  }

  async sendPart({ index, body }: Part, { signal, onProgress }: PartCall): Promise<void> {
    const attempt = this.#attempt('sendPart')
    if (index >= maxParts) throw tooManyParts(attempt)
    const { client, sdk } = this.#connection
    const sum = sendsChecksums(this.#destination) ? { ChecksumCRC32C: checksum(body) } : {}
    const PartNumber = index + 1
    try {
      const command = new sdk.UploadPartCommand({
        ...identify(this.#destination),
        UploadId: await this.#begin(signal),
        PartNumber,
        Body: body,
        ContentLength: body.byteLength,
        ...sum,
      })
      reportProgress(command, onProgress)
      const { ETag } = await client.send(command, { abortSignal: signal })
      if (ETag === undefined) throw errors.strangeAnswer(attempt, 'it has no ETag')
      this.#parts.set(PartNumber, { PartNumber, ETag, ...sum })
      this.#size += body.byteLength
    } catch (error) {
      this.#hasCutOffPart = true
      throw s3Error(error, attempt, { signal })
    }
  }

  async publishWhole(body: Uint8Array): Promise<StoredObject> {
    return await putObject(this.#connection, this.#destination, body, this.#storageClass())
  }

  async publishParts(): Promise<StoredObject> {
    const { client, sdk } = this.#connection
    const { options } = this.#destination
    const command = new sdk.CompleteMultipartUploadCommand({
      ...identify(this.#destination),
      ...conditionOf(options.condition),
      UploadId: await this.#creation?.uploadId,
      MultipartUpload: {
        Parts: [...this.#parts.entries()].sort(([a], [b]) => a - b).map(([, part]) => part),
      },
    })
    try {
      const output = await client.send(command, abortOptions(options.signal))
      return storedAs(this.#destination, this.#size, output)
    } catch (cause) {
      const error = s3Error(cause, this.#attempt('completeUpload'), options)
      if (isCertainlyNotPublished(error)) await this.abandon()
      throw error
    }
  }

  async abandon(): Promise<void> {
    if (this.#creation === undefined) return
    const { client, sdk } = this.#connection
    try {
      const command = new sdk.AbortMultipartUploadCommand({
        ...identify(this.#destination),
        UploadId: await this.#creation.uploadId,
      })
      // https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
      const aborts = this.#hasCutOffPart ? abortsOfCutOffUpload : 1
      for (let abort = 0; abort < aborts; abort++) await client.send(command)
    } catch {
      // The upload no longer exists, or S3 cannot be reached: sweepUnfinished finds what is left.
    }
  }

  /**
   * Begins the upload; all parts wait for the same request. When it fails, or the first part has
   * waited long enough, the next attempt of a part sends another one. If the first one began an
   * upload after all, sweepUnfinished finds it.
   */
  async #begin(signal: AbortSignal): Promise<string> {
    this.#creation ??= this.#create()
    const creation = this.#creation
    try {
      return await unlessAborted(creation.uploadId, signal)
    } catch (error) {
      if (this.#creation === creation) this.#creation = undefined
      creation.abort.abort()
      throw error
    }
  }

  #create(): Creation {
    const abort = new AbortController()
    const { signal } = this.#destination.options
    const uploadId = this.#createUpload(eitherSignal(signal, abort.signal)).catch((error) => {
      const isGivenUp = abort.signal.aborted && signal?.aborted !== true
      throw isGivenUp ? errors.unanswered(this.#attempt('openWriter')) : error
    })
    return { abort, uploadId }
  }

  async #createUpload(signal: AbortSignal): Promise<string> {
    const { client, sdk } = this.#connection
    const command = new sdk.CreateMultipartUploadCommand({
      ...identify(this.#destination),
      ...propertiesOf(this.#destination),
      ...this.#storageClass(),
      ChecksumAlgorithm: sendsChecksums(this.#destination) ? 'CRC32C' : undefined,
    })
    const { UploadId } = await client.send(command, { abortSignal: signal })
    if (UploadId === undefined) {
      throw errors.strangeAnswer(this.#attempt('openWriter'), 'it has no upload')
    }
    return UploadId
  }

  #storageClass(): { StorageClass: 'STANDARD' | undefined } {
    const { storageClass } = this.#destination.config
    // Other stores have classes of their own, which the SDK's types do not have.
    return { StorageClass: storageClass as 'STANDARD' | undefined }
  }

  #attempt(operation: Operation): Attempt {
    return { ...this.#destination.attempt, operation }
  }
}

/** The request that begins an upload. */
interface Creation {
  readonly uploadId: Promise<string>
  readonly abort: AbortController
}

async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const leave = (): void => reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.race([answer, promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
