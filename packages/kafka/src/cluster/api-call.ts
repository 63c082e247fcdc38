import type { API } from '@platformatic/kafka'
import type { BrokerConnection } from '../transport/broker-connection.ts'

/**
 * Calls the newest of `apis` (newest first) that the broker speaks.
 *
 * @throws KAFKA_UNSUPPORTED when it speaks none of them.
 */
export function callNewest<Arguments extends unknown[], Answer>(
  connection: BrokerConnection,
  apis: readonly [API<Arguments, Answer>, ...API<Arguments, Answer>[]],
  ...args: Arguments
): Promise<Answer> {
  const [newest] = apis
  const oldest = apis.at(-1) ?? newest
  const best = connection.pickVersion(newest.key, oldest.version, newest.version)
  const api = apis.find(({ version }) => version <= best) ?? newest
  return connection.call(api, ...args)
}
