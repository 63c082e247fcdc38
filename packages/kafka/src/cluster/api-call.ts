import { KanneryError } from '@kannery/storage'
import type { API } from '@platformatic/kafka'
import type { ApiCaller } from '../transport/broker-request.ts'

/**
 * Calls the newest of `apis` (newest first) that the broker speaks.
 *
 * @throws KAFKA_UNSUPPORTED when it speaks none of them.
 */
export function callNewest<Arguments extends unknown[], Answer>(
  connection: ApiCaller,
  apis: readonly [API<Arguments, Answer>, ...API<Arguments, Answer>[]],
  ...args: Arguments
): Promise<Answer> {
  const [newest] = apis
  const oldest = apis.at(-1) ?? newest
  const best = connection.pickVersion(newest.key, oldest.version, newest.version)
  const api = apis.find(({ version }) => version <= best) ?? newest
  return connection.call(api, ...args)
}

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
