import { createHash } from 'node:crypto'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import type { BackendContext } from '@kannery/storage'
import type { S3Config } from './config.ts'
import { readCredentials } from './credentials.ts'
import { noRegion } from './errors.ts'

export type S3Sdk = typeof import('@aws-sdk/client-s3')

/** The SDK and a client of it. The SDK takes a fifth of a second to load. */
export interface Connection {
  readonly sdk: S3Sdk
  readonly client: S3Client
}

const connectPatienceMs = 10_000
/** How long a connection may be silent. S3 itself gives up on a silent upload after 20 s. */
const silencePatienceMs = 60_000
/**
 * How long a connection may be idle, or shorter if the server announces so: less than the servers
 * allow, so that no request goes into a connection that the server has closed.
 */
const idleMs = 5_000

/** Loads the SDK and makes a client. Sends nothing yet. @throws CONFIG_INVALID without a region */
export async function connect(
  config: S3Config,
  context: Pick<BackendContext, 'credentials' | 'userAgent'>,
): Promise<Connection> {
  const credentials = readCredentials(context.credentials)
  const sdk = await import('@aws-sdk/client-s3')
  const client = new sdk.S3Client({
    ...(credentials && { credentials }),
    ...endpointOptions(config),
    region: config.region ?? (await regionOfEnvironment(sdk)) ?? defaultRegion(config),
    // One attempt: the decorators of @kannery/storage retry, and know which retries are safe.
    maxAttempts: 1,
    // Segments carry checksums of their own. Those of the SDK are slow, and not every store
    // supports them.
    responseChecksumValidation: 'WHEN_REQUIRED',
    // R2 and others answer 501 to the checksums that the SDK adds by default. Those for AWS are
    // computed here.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    customUserAgent: context.userAgent,
    requestHandler: {
      connectionTimeout: connectPatienceMs,
      socketTimeout: silencePatienceMs,
      httpAgent: { timeout: idleMs },
      httpsAgent: { timeout: idleMs },
      // The SDK would print warnings about sockets to the console.
      socketAcquisitionWarningTimeout: 2 ** 31 - 1,
    },
  })
  if (config.endpoint !== undefined) addContentMd5(client)
  addDates(client)
  return { sdk, client }
}

function endpointOptions(config: S3Config): S3ClientConfig {
  const { endpoint, forcePathStyle = endpoint !== undefined } = config
  return { forcePathStyle, ...(endpoint !== undefined && { endpoint }) }
}

/** Returns the region that AWS_REGION or the profile names. */
async function regionOfEnvironment(sdk: S3Sdk): Promise<string | undefined> {
  const client = new sdk.S3Client({})
  try {
    return await client.config.region()
  } catch {
    return undefined
  } finally {
    client.destroy()
  }
}

function defaultRegion(config: S3Config): string {
  // Most other stores have one region, and accept signatures for this one.
  if (config.endpoint !== undefined) return 'us-east-1'
  throw noRegion(config)
}

/** Returns the options that abort a call. The SDK's types do not allow undefined. */
export function abortOptions(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return { ...(signal && { abortSignal: signal }) }
}

const dates = new WeakMap<object, Date>()

/** Returns when the storage answered, by its own clock. */
export function answeredAt(output: { readonly $metadata: object }): Date | undefined {
  return dates.get(output.$metadata)
}

function addDates(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (request) => {
      const result = await next(request)
      const { headers } = result.response as { readonly headers?: { readonly date?: string } }
      const date = new Date(headers?.date ?? '')
      const { $metadata } = result.output as { readonly $metadata: object }
      if (!Number.isNaN(date.getTime())) dates.set($metadata, date)
      return result
    },
    { step: 'deserialize', priority: 'high', name: 'kanneryDates' },
  )
}

/**
 * Adds the MD5 of the request to deletions of many keys. They need a checksum, and stores from
 * before 2025 know only this one; the SDK sends a CRC32.
 */
function addContentMd5(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const request = args.request as { headers: Record<string, string>; body?: unknown }
      const { commandName } = context as { readonly commandName?: string }
      if (commandName === 'DeleteObjectsCommand' && typeof request.body === 'string') {
        request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64')
      }
      return next(args)
    },
    { step: 'build', priority: 'low', name: 'kanneryContentMd5' },
  )
}
