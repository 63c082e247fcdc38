import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import type {
  ObjectKey,
  ObjectVersion,
  OnProgress,
  PutOptions,
  StoredObject,
  WriteCondition,
} from '@kannery/storage'
import { bodyInPieces } from '@kannery/storage/backend'
import { crc32c } from '@node-rs/crc32'
import { abortOptions, answeredAt, type Connection } from './client.ts'
import type { S3Config } from './config.ts'
import { type Attempt, errors, s3Error } from './errors.ts'

/** An object to write: its name and its properties. */
export interface Destination {
  readonly bucket: string
  readonly name: string
  readonly key: ObjectKey
  readonly config: S3Config
  readonly options: PutOptions
  readonly attempt: Attempt
}

/** Writes an object in one request. */
export async function putObject(
  { client, sdk }: Connection,
  destination: Destination,
  body: Uint8Array,
  properties: Pick<PutObjectCommandInput, 'StorageClass'> = {},
): Promise<StoredObject> {
  const { options, attempt } = destination
  const command = new sdk.PutObjectCommand({
    ...identify(destination),
    ...propertiesOf(destination),
    ...properties,
    ...conditionOf(options.condition),
    ...(sendsChecksums(destination) ? { ChecksumCRC32C: checksum(body) } : {}),
    Body: body,
    ContentLength: body.byteLength,
  })
  if (options.onProgress !== undefined) reportProgress(command, options.onProgress)
  try {
    const output = await client.send(command, abortOptions(options.signal))
    return storedAs(destination, body.byteLength, output)
  } catch (error) {
    throw s3Error(error, attempt, options)
  }
}

export function identify({ bucket, name }: Destination): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: name }
}

/** Returns the properties that an object gets when it is made, in one request or in parts. */
export function propertiesOf({
  config,
  options,
}: Destination): Pick<
  PutObjectCommandInput,
  | 'ContentType'
  | 'ServerSideEncryption'
  | 'SSEKMSKeyId'
  | 'ObjectLockMode'
  | 'ObjectLockRetainUntilDate'
> {
  const { serverSideEncryption, kmsKeyId, objectLockMode } = config
  const { contentType, retainUntil } = options
  return {
    ContentType: contentType,
    ServerSideEncryption: serverSideEncryption,
    SSEKMSKeyId: kmsKeyId,
    ...(retainUntil === undefined || objectLockMode === undefined
      ? {}
      : { ObjectLockMode: objectLockMode, ObjectLockRetainUntilDate: retainUntil }),
  }
}

export function conditionOf(
  condition: WriteCondition,
): Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'> {
  switch (condition.kind) {
    case 'overwrite':
      return {}
    case 'if-absent':
      return { IfNoneMatch: '*' }
    case 'if-version':
      return { IfMatch: condition.version }
  }
}

/**
 * Whether to send checksums: always to Amazon, and to other stores only with an object lock, which
 * needs them. Others may not know them.
 */
export function sendsChecksums({ config, options }: Destination): boolean {
  return config.endpoint === undefined || options.retainUntil !== undefined
}

/** Returns the CRC-32C of `body` as S3 writes it. That of the SDK takes ten times as long. */
export function checksum(body: Uint8Array): string {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(crc32c(body))
  return bytes.toString('base64')
}

export function storedAs(
  { key, attempt }: Destination,
  size: number,
  output: { readonly ETag?: string | undefined; readonly $metadata: object },
): StoredObject {
  const now = answeredAt(output)
  if (output.ETag === undefined || now === undefined) {
    throw errors.strangeAnswer(attempt, 'it has no ETag or time')
  }
  // It was written just before S3 answered.
  return { key, size, version: output.ETag as ObjectVersion, lastModified: now, answeredAt: now }
}

/** A middleware of the SDK around the handler that sends a request. */
type SendMiddleware = <Args extends { readonly request: unknown }, Result>(
  next: (args: Args) => Promise<Result>,
) => (args: Args) => Promise<Result>

interface CommandWithBody {
  readonly middlewareStack: {
    add(
      middleware: SendMiddleware,
      options: { readonly step: 'deserialize'; readonly name: string },
    ): void
  }
}

/**
 * Sends the body in pieces and reports how much of it has left. It is signed as a whole before: the
 * SDK does not sign streams.
 */
export function reportProgress(command: CommandWithBody, onProgress: OnProgress): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { body?: unknown }
      if (request.body instanceof Uint8Array) {
        request.body = bodyInPieces(request.body, onProgress)
      }
      return await next(args)
    },
    { step: 'deserialize', name: 'kanneryProgress' },
  )
}
