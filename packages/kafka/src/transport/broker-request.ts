import type { HostPort } from '../configuration/connection-options.ts'
import { type ApiVersions, isFlexible, type KafkaApi } from '../protocol/kafka-api.ts'
import type { RequestKind } from './request-header.ts'

/** A request whose body is encoded by the caller. */
export interface BrokerRequest extends RequestKind {
  /**
   * Parts of the body, sent in order and without a copy: do not change them until the answer is
   * there.
   */
  readonly body: readonly Uint8Array[]
  /**
   * True when the answer goes into one of two slabs of the connection, in turn, instead of into
   * memory of its own. **Its frame is valid until the second slab request after it is sent**: with
   * one request ahead, the present frame stays whole while the next one arrives. At most two slab
   * requests may be unanswered.
   */
  readonly slab?: boolean
}

/** Returns a request of this version of `api`, whose body is encoded. */
export function requestOf(
  api: Pick<KafkaApi<never, unknown>, 'key' | 'flexibleFrom'>,
  version: number,
  body: readonly Uint8Array[],
): BrokerRequest {
  return { apiKey: api.key, apiVersion: version, flexible: isFlexible(api, version), body }
}

/** Sends requests to one broker. A `BrokerConnection` is one. */
export interface ApiCaller {
  readonly address: HostPort
  /**
   * Chooses the greatest version of `api` that the broker and Kannery both support.
   *
   * @throws KAFKA_UNSUPPORTED when there is none.
   */
  pickVersion(api: ApiVersions): number
  /**
   * Sends a request. Resolves with the answer also when it holds Kafka error numbers: they stand
   * beside each topic or partition, and only the caller knows which matter.
   *
   * @param version defaults to what {@link pickVersion} chooses
   * @throws KAFKA_UNSUPPORTED; KAFKA_UNREACHABLE and KAFKA_PROTOCOL when there is no answer that
   *   can be read.
   */
  call<Request, Answer>(
    api: KafkaApi<Request, Answer>,
    request: Request,
    version?: number,
  ): Promise<Answer>
}
