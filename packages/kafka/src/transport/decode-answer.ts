import { KanneryError } from '@kannery/storage'
import type { ApiCaller } from './broker-request.ts'
import { protocolError } from './errors.ts'

/**
 * Runs `decode` on an answer of `connection`.
 *
 * @throws KAFKA_PROTOCOL naming the broker when the answer cannot be read; KanneryErrors of
 *   `decode` as they are.
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
