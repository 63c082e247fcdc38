import { KanneryError } from '@kannery/storage'

/** What a service account signs with, from its key file. */
export interface GcsCredentials {
  readonly email: string
  readonly privateKey: string
}

/**
 * Reads the key file of a service account. Without any credentials it returns undefined, and the
 * SDK looks for some (GOOGLE_APPLICATION_CREDENTIALS, gcloud, metadata server). Other kinds of key
 * files name programs and URLs to ask; they are refused, so that a secret cannot bring them in.
 * https://cloud.google.com/docs/authentication/external/externally-sourced-credentials
 *
 * @throws CONFIG_INVALID, naming no value
 */
export function readCredentials(
  secrets: Readonly<Record<string, string>> | undefined,
): GcsCredentials | undefined {
  if (secrets === undefined) return undefined
  const { serviceAccountKey = '', ...others } = secrets
  const [unknownName] = Object.keys(others)
  if (unknownName !== undefined) throw invalid(`Google Cloud has no credential "${unknownName}"`)
  const { type, client_email: email, private_key: privateKey } = parse(serviceAccountKey)
  if (type === 'service_account' && typeof email === 'string' && typeof privateKey === 'string') {
    return { email, privateKey }
  }
  throw invalid('the credential serviceAccountKey is not the key file of a service account')
}

function parse(text: string): Partial<Record<'type' | 'client_email' | 'private_key', unknown>> {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? parsed : {}
  } catch {
    // Not the cause: its message would show the beginning of the key.
    return {}
  }
}

function invalid(message: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, {
    remedy:
      "Give the text of a service account's key file as serviceAccountKey; for others set GOOGLE_APPLICATION_CREDENTIALS.",
  })
}
