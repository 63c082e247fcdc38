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
