import { KanneryError } from '@kannery/storage'

/** What S3 authenticates with. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

const names: readonly string[] = ['accessKeyId', 'secretAccessKey', 'sessionToken']

/**
 * Reads the credentials that an app gives. Without any it returns undefined, and the SDK looks for
 * some (environment, profile, web identity, instance).
 *
 * @throws CONFIG_INVALID, naming no value
 */
export function readCredentials(
  secrets: Readonly<Record<string, string>> | undefined,
): S3Credentials | undefined {
  if (secrets === undefined) return undefined
  const unknownName = Object.keys(secrets).find((name) => !names.includes(name))
  if (unknownName !== undefined) throw invalid(`S3 has no credential "${unknownName}"`)
  const { accessKeyId, secretAccessKey, sessionToken } = secrets
  if (!accessKeyId) throw invalid('the S3 credential accessKeyId is missing')
  if (!secretAccessKey) throw invalid('the S3 credential secretAccessKey is missing')
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

function invalid(message: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, {
    remedy: `Give accessKeyId and secretAccessKey, and sessionToken with temporary ones; nothing else.`,
  })
}
