import { KanneryError, type StandardSchema } from '@kannery/storage'
import { bucketPlaceOf, checkAgainst, isFolder } from '@kannery/storage/backend'
import { z } from 'zod'

/** A bucket of Amazon S3 or of a store that speaks S3, and how objects are made in it. */
export interface S3Config {
  readonly bucket: string
  /**
   * A folder of the bucket that holds all objects, without a slash at either end. Defaults to the
   * whole bucket.
   */
  readonly prefix?: string | undefined
  /** Defaults to what the SDK finds (AWS_REGION, the profile). */
  readonly region?: string | undefined
  /** URL of another store that speaks S3. Defaults to Amazon S3. */
  readonly endpoint?: string | undefined
  /**
   * Whether to address `endpoint/bucket` instead of `bucket.endpoint`. Defaults to true with an
   * endpoint, and to false without one.
   */
  readonly forcePathStyle?: boolean | undefined
  /**
   * Storage class of streamed objects, which are the bulk. Small objects, which are rewritten
   * often, keep the default class of the bucket.
   */
  readonly storageClass?: string | undefined
  readonly serverSideEncryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse' | undefined
  readonly kmsKeyId?: string | undefined
  /**
   * How objects are locked. The bucket must have been made with object lock. Without it, objects
   * cannot be locked.
   */
  readonly objectLockMode?: 'GOVERNANCE' | 'COMPLIANCE' | undefined
}

/** Objects in these classes cannot be read without a restore that takes hours. */
const archiveClasses: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE']

export const configSchema: StandardSchema<S3Config> = z
  .strictObject({
    bucket: z.string().regex(/^[^/?#\s]+$/, 'a bucket name has no slash and no space'),
    prefix: z.string().refine(isFolder, 'not a folder that keys can have').optional(),
    region: z.string().min(1).optional(),
    endpoint: z.url({ protocol: /^https?$/, error: 'not a URL with http or https' }).optional(),
    forcePathStyle: z.boolean().optional(),
    storageClass: z
      .string()
      .min(1)
      .refine((name) => !archiveClasses.includes(name), 'an archive class cannot be read at once')
      .optional(),
    serverSideEncryption: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']).optional(),
    kmsKeyId: z.string().min(1).optional(),
    objectLockMode: z.enum(['GOVERNANCE', 'COMPLIANCE']).optional(),
  })
  .refine(({ kmsKeyId, serverSideEncryption }) => {
    return kmsKeyId === undefined || serverSideEncryption?.startsWith('aws:kms') === true
  }, 'kmsKeyId needs serverSideEncryption aws:kms')

const urlOptions = [
  'region',
  'endpoint',
  'forcePathStyle',
  'storageClass',
  'serverSideEncryption',
  'kmsKeyId',
  'objectLockMode',
] as const

/** Returns a configuration that the schema accepts. @throws CONFIG_INVALID */
export function checkConfig(value: unknown): S3Config {
  return checkAgainst(configSchema, 'an S3 storage', value)
}

/**
 * Reads `s3://bucket/prefix?region=…&endpoint=…`. @throws CONFIG_INVALID, never with a secret in it
 */
export function configFromUrl(url: URL): S3Config {
  return checkConfig({
    ...bucketPlaceOf(url),
    ...Object.fromEntries(Array.from(url.searchParams, readOption)),
  })
}

function readOption([name, text]: readonly [string, string]): [string, string | boolean] {
  if (!urlOptions.some((option) => option === name)) {
    throw invalid(`an S3 URL has no option ${JSON.stringify(name)}`, {
      remedy: `It may have: ${urlOptions.join(', ')}.`,
    })
  }
  if (name !== 'forcePathStyle') return [name, text]
  if (text !== 'true' && text !== 'false') throw invalid('forcePathStyle is true or false')
  return [name, text === 'true']
}

function invalid(message: string, options: { readonly remedy?: string } = {}): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, options)
}
