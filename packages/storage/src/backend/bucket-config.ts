import type { StandardSchema } from '../backend.ts'
import { KanneryError } from '../errors/kannery-error.ts'
import { isKeyPrefix } from '../object-key.ts'

/**
 * Returns a configuration as `schema` validates it, synchronously.
 *
 * @param kind what the configuration is of, for the error, such as "an S3 storage"
 * @throws CONFIG_INVALID naming the first option that is wrong
 */
export function checkAgainst<Config>(
  schema: StandardSchema<Config>,
  kind: string,
  value: unknown,
): Config {
  const result = schema['~standard'].validate(value) as ValidationResult<Config>
  if (result.issues === undefined) return result.value
  const [issue] = result.issues
  const path = issue?.path?.map((step) => (typeof step === 'object' ? step.key : step)) ?? []
  const where = path.length === 0 ? '' : `${path.join('.')}: `
  throw new KanneryError(
    'CONFIG_INVALID',
    `not ${kind}: ${where}${issue?.message ?? 'it is not valid'}`,
  )
}

/** The result of a validation, as in https://standardschema.dev. */
type ValidationResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] }

interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/**
 * Returns whether `name` can be the folder of a bucket that holds all keys. It is written without a
 * slash at either end, and each segment follows the rules of keys.
 */
export function isFolder(name: string): boolean {
  return isKeyPrefix(`${name}/`)
}

/** A bucket, or a folder of it, that a URL names. */
export interface BucketPlace {
  /** Name of the bucket, as the host of the URL gives it. It is not checked otherwise. */
  readonly bucket: string
  /**
   * Folder of the bucket that holds all keys, without a slash at either end. It is absent if the
   * URL names none: keys then begin at the root of the bucket.
   */
  readonly prefix?: string
}

/**
 * Returns the bucket and folder that `scheme://bucket/prefix` names. Options after `?` are ignored:
 * the backend reads them itself.
 *
 * @throws CONFIG_INVALID when the URL has credentials, no bucket, a `#`, a slash written as `%2F`,
 *   or a `%` without two hexadecimal digits; never with a secret of the URL in it
 */
export function bucketPlaceOf(url: URL): BucketPlace {
  if (url.username !== '' || url.password !== '') {
    throw new KanneryError('CONFIG_INVALID', 'a storage URL holds no credentials', {
      remedy: 'Give them as docs/providers.md says, and change those: URLs end up in logs.',
    })
  }
  if (url.host === '') {
    throw new KanneryError('CONFIG_INVALID', 'the URL names no bucket', {
      remedy: `Write ${url.protocol}//bucket.`,
    })
  }
  if (url.hash !== '' || /%2f/i.test(url.pathname)) {
    throw new KanneryError('CONFIG_INVALID', 'the URL names no folder of a bucket', {
      why: 'it has a "#", which ends the path of a URL, or a slash written as %2F',
      remedy: 'Write "#" in a name as %23, and "/" between folders.',
    })
  }
  const prefix = decodeUrlPart(url.pathname).replace(/^\/+|\/+$/g, '')
  return { bucket: decodeUrlPart(url.host), ...(prefix === '' ? {} : { prefix }) }
}

/**
 * Returns a part of a URL with its percent-encoded characters decoded.
 *
 * @throws CONFIG_INVALID for a `%` that is not followed by two hexadecimal digits, and for bytes
 *   that are not UTF-8
 */
export function decodeUrlPart(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    const message = 'the URL has a % that is not followed by two hexadecimal digits'
    throw new KanneryError('CONFIG_INVALID', message, { cause })
  }
}

/**
 * Returns the URL of a folder of a bucket, or of the bucket if `folder` is undefined, for people
 * and for {@link decodeUrlPart}. Only `%`, `?`, `#` and white space are encoded.
 */
export function locationIn(bucketUrl: string, folder: string | undefined): string {
  if (folder === undefined) return bucketUrl
  return `${bucketUrl}/${folder.replaceAll(/[%?#\s]/g, encodeURIComponent)}`
}
