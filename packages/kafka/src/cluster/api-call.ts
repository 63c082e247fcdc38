import { KanneryError } from '@kannery/storage'

/**
 * The entry of an answer about one thing. @throws KAFKA_PROTOCOL when it is about none or several.
 */
export function onlyOne<T>(entries: readonly T[], api: string): T {
  const [entry] = entries
  if (entry === undefined || entries.length > 1) {
    throw new KanneryError('KAFKA_PROTOCOL', `${api} answered ${entries.length} entries for one`, {
      facts: { api },
    })
  }
  return entry
}

/**
 * Configuration entries of an answer, sorted by name; without those that have no value or keep it
 * secret.
 */
export function knownSettings(
  entries: readonly { readonly name: string; readonly value?: string | null | undefined }[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries
      .flatMap(({ name, value }) => (typeof value === 'string' ? [[name, value] as const] : []))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
