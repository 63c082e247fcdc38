import { KanneryError } from '@kannery/storage'

/** What is in a key file, of whatever kind Google makes them. */
export type GcsCredentials = Readonly<Record<string, unknown>>

/** undefined: the SDK's own chain (GOOGLE_APPLICATION_CREDENTIALS, gcloud, metadata server). @throws CONFIG_INVALID, naming no value */
export function readCredentials(
  secrets: Readonly<Record<string, string>> | undefined,
): GcsCredentials | undefined {
  if (secrets === undefined) return undefined
  const unknownName = Object.keys(secrets).find((name) => name !== 'serviceAccountKey')
  if (unknownName !== undefined) throw invalid(`Google Cloud has no credential "${unknownName}"`)
  const key = parse(secrets['serviceAccountKey'] ?? '')
  if (typeof key === 'object' && key !== null && 'type' in key) return { ...key }
  throw invalid('the credential serviceAccountKey is not the JSON of a key file')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not the cause: its message would show the beginning of the key.
    return undefined
  }
}

function invalid(message: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', message, {
    remedy: 'Give the text of the key file as serviceAccountKey, or nothing.',
  })
}
