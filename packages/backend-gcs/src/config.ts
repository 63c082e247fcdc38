import {
  checkAgainst,
  decodeUrlPart,
  isFolder,
  KanneryError,
  locationIn,
  refuseCredentials,
  type StandardSchema,
} from '@kannery/storage'
import { z } from 'zod'

export interface GcsConfig {
  readonly bucket: string
  /** A folder of the bucket, without a slash at either end. Everything lies below it. */
  readonly prefix?: string | undefined
  /** Absent: Google Cloud Storage itself. */
  readonly endpoint?: string | undefined
}

export const configSchema: StandardSchema<GcsConfig> = z.strictObject({
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

/** @throws CONFIG_INVALID */
export function checkConfig(value: unknown): GcsConfig {
  return checkAgainst(configSchema, 'a Google Cloud storage', value)
}

/** `gs://bucket/prefix?endpoint=…`. @throws CONFIG_INVALID, never with a secret in it */
export function configFromUrl(url: URL): GcsConfig {
  refuseCredentials(url)
  if (url.host === '') throw invalid('the URL names no bucket', { remedy: 'Write gs://bucket.' })
  const prefix = decodeUrlPart(url.pathname).replace(/^\/+|\/+$/g, '')
  const unknownOption = [...url.searchParams.keys()].find((name) => name !== 'endpoint')
  if (unknownOption !== undefined) {
    throw invalid(`a gs URL has no option ${JSON.stringify(unknownOption)}`, {
      remedy: 'It may have: endpoint.',
    })
  }
  const endpoint = url.searchParams.get('endpoint')
  return checkConfig({
    bucket: decodeUrlPart(url.host),
    ...(prefix === '' ? {} : { prefix }),
    ...(endpoint === null ? {} : { endpoint }),
  })
}

/** Exactly `gs://bucket[/prefix]`; a URL that leads to the same place again. */
export function locationOf(config: Pick<GcsConfig, 'bucket' | 'prefix'>): string {
  return locationIn(`gs://${config.bucket}`, config.prefix)
}

function invalid(
  message: string,
  options: { readonly remedy?: string; readonly cause?: unknown } = {},
): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, options)
}
