import type { API } from '@platformatic/kafka'
import type { HostPort } from '../configuration/connection-options.ts'
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

/** Sends requests of low-level APIs to one broker. A `BrokerConnection` is one. */
export interface ApiCaller {
  readonly address: HostPort
  /**
   * Chooses the greatest version that the broker and the caller (`least` to `greatest`) both
   * support.
   *
   * @throws KAFKA_UNSUPPORTED when there is none.
   */
  pickVersion(apiKey: number, least: number, greatest: number): number
  /**
   * Sends one of @platformatic/kafka's low-level APIs. Resolves with the answer also when it holds
   * Kafka error numbers.
   *
   * @throws KAFKA_UNREACHABLE, KAFKA_PROTOCOL when there is no answer that can be read.
   */
  call<Arguments extends unknown[], Answer>(
    api: API<Arguments, Answer>,
    ...args: Arguments
  ): Promise<Answer>
}
