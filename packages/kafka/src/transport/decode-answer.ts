import { KanneryError } from '@kannery/storage'
import type { ApiCaller } from './broker-request.ts'
import { protocolError } from './errors.ts'

/**
 * Runs `decode` on an answer of the broker.
 *
 * @throws KAFKA_PROTOCOL with the broker when the answer cannot be read; a KanneryError of `decode`
 *   as it is.
 */
export function decodeAnswer<T>(
  { address }: Pick<ApiCaller, 'address'>,
  api: string,
  decode: () => T,
): T {
  try {
    return decode()
  } catch (error) {
    if (KanneryError.is(error)) throw error
    throw protocolError(address, `its ${api} answer cannot be read: ${String(error)}`, error)
  }
}
