import { KanneryError, keyPrefix, type StandardSchema } from '@kannery/storage'
import { z } from 'zod'

export interface GcsConfig {
  readonly bucket: string
  /** A folder of the bucket, without a slash at either end. Everything lies below it. */
  readonly prefix?: string | undefined
  /** Absent: Google Cloud Storage itself. */
  readonly endpoint?: string | undefined
}

const schema = z.strictObject({
  // https://cloud.google.com/storage/docs/buckets#naming
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]+[a-z0-9]$/, 'a bucket name has lower-case letters and digits'),
  prefix: z.string().refine(isFolder, 'not a folder that keys can have').optional(),
  endpoint: z
    .url({ protocol: /^https?$/, error: 'not a URL with http or https' })
    .refine((endpoint) => !/[?#]|\/$/.test(endpoint), 'it has no query, and no slash at its end')
    .optional(),
})
export const configSchema: StandardSchema<GcsConfig> = schema

/** @throws CONFIG_INVALID */
export function checkConfig(value: unknown): GcsConfig {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue?.path.length ? `${issue.path.join('.')}: ` : ''
  throw invalid(`not a Google Cloud storage: ${where}${issue?.message ?? 'invalid'}`)
}

/** `gs://bucket/prefix?endpoint=…`. @throws CONFIG_INVALID, never with a secret in it */
export function configFromUrl(url: URL): GcsConfig {
  if (url.username !== '' || url.password !== '') {
    throw invalid('a storage URL holds no credentials', {
      remedy: 'Give them as docs/providers.md says, and change those: URLs end up in logs.',
    })
  }
  if (url.host === '') throw invalid('the URL names no bucket', { remedy: 'Write gs://bucket.' })
  const prefix = decode(url.pathname).replace(/^\/+|\/+$/g, '')
  const unknownOption = [...url.searchParams.keys()].find((name) => name !== 'endpoint')
  if (unknownOption !== undefined) {
    throw invalid(`a gs URL has no option ${JSON.stringify(unknownOption)}`, {
      remedy: 'It may have: endpoint.',
    })
  }
  const endpoint = url.searchParams.get('endpoint')
  return checkConfig({
    bucket: decode(url.host),
    ...(prefix === '' ? {} : { prefix }),
    ...(endpoint === null ? {} : { endpoint }),
  })
}

/** Exactly `gs://bucket[/prefix]`; a URL that leads to the same place again. */
export function locationOf(config: Pick<GcsConfig, 'bucket' | 'prefix'>): string {
  const path = config.prefix === undefined ? '' : `/${config.prefix}`
  return `gs://${config.bucket}${path.replaceAll(/[%?#\s]/g, encodeURIComponent)}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw invalid('the URL has a % that is not followed by two hexadecimal digits', { cause })
  }
}

function isFolder(prefix: string): boolean {
  try {
    return keyPrefix(`${prefix}/`) !== ''
  } catch (error) {
    if (KanneryError.is(error, 'CONFIG_INVALID')) return false
    throw error
  }
}

function invalid(
  message: string,
  options: { readonly remedy?: string; readonly cause?: unknown } = {},
): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, options)
}
