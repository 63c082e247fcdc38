import { KanneryError, type StandardSchema } from '@kannery/storage'
import { bucketPlaceOf, checkAgainst, isFolder } from '@kannery/storage/backend'
import { z } from 'zod'

/** A bucket of Google Cloud Storage. */
export interface GcsConfig {
  readonly bucket: string
  /**
   * A folder of the bucket that holds all objects, without a slash at either end. Defaults to the
   * whole bucket.
   */
  readonly prefix?: string | undefined
  /** URL of another address of the service, or of an emulator. Defaults to Google's. */
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
    .refine(
      (endpoint) => !/[?#]|\/$/.test(endpoint),
      'an endpoint has no query, and no slash at its end',
    )
    .optional(),
})

/** Returns a configuration that the schema accepts. @throws CONFIG_INVALID */
export function checkConfig(value: unknown): GcsConfig {
  return checkAgainst(configSchema, 'a Google Cloud storage', value)
}

/** Reads `gs://bucket/prefix?endpoint=…`. @throws CONFIG_INVALID, never with a secret in it */
export function configFromUrl(url: URL): GcsConfig {
  const place = bucketPlaceOf(url)
  const unknownOption = [...url.searchParams.keys()].find((name) => name !== 'endpoint')
  if (unknownOption !== undefined) {
    const message = `a gs URL has no option ${JSON.stringify(unknownOption)}`
    throw new KanneryError('CONFIG_INVALID', message, { remedy: 'It may have: endpoint.' })
  }
  const endpoint = url.searchParams.get('endpoint')
  return checkConfig({
    ...place,
    ...(endpoint === null ? {} : { endpoint }),
  })
}
