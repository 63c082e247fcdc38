import { createRequire } from 'node:module'
import { KanneryError } from '@kannery/storage'
import { formatHostPort, type HostPort } from '../configuration/connection-options.ts'
import { apiVersionsApi } from '../protocol/apis/api-versions.ts'
import { errorNumbers } from '../protocol/error-numbers.ts'
import type { ApiVersions } from '../protocol/kafka-api.ts'
import type { ApiCaller } from './broker-request.ts'

/** Versions of an API, from `min` to `max` (both inclusive). */
export interface ApiVersionRange {
  readonly min: number
  readonly max: number
}

/** Name in the broker's client metrics (KIP-511). */
const softwareName = 'kannery'
// A package finds itself by its name from its sources, its build and its bundle alike.
const { version: softwareVersion } = createRequire(import.meta.url)(
  '@kannery/kafka/package.json',
) as { readonly version: string }

/**
 * Asks which APIs the broker supports in which versions. A broker that does not know ApiVersions v3
 * (before Kafka 2.4) answers in the format of v0 (KIP-511) and is asked again in v0.
 */
export async function negotiateApiVersions(
  connection: Pick<ApiCaller, 'address' | 'call'>,
): Promise<ReadonlyMap<number, ApiVersionRange>> {
  const request = { softwareName, softwareVersion }
  let answer = await connection.call(apiVersionsApi, request, apiVersionsApi.greatest)
  if (answer.errorCode === errorNumbers.UNSUPPORTED_VERSION) {
    answer = await connection.call(apiVersionsApi, request, apiVersionsApi.least)
  }
  if (answer.errorCode !== errorNumbers.NONE) {
    const broker = formatHostPort(connection.address)
    throw new KanneryError(
      'KAFKA_PROTOCOL',
      `the broker ${broker} does not list its API versions`,
      {
        why: `it answered with Kafka's error number ${answer.errorCode}`,
        facts: { broker, kafkaError: answer.errorCode },
      },
    )
  }
  return new Map(
    answer.apis.map(({ key, least, greatest }) => [key, { min: least, max: greatest }]),
  )
}

/** Explains that a broker and Kannery have no version of an API in common. */
export function noCommonVersion(
  address: HostPort,
  { name: api, least, greatest }: ApiVersions,
  theirs: ApiVersionRange | undefined,
): KanneryError {
  const broker = formatHostPort(address)
  return new KanneryError('KAFKA_UNSUPPORTED', `the broker ${broker} lacks what Kannery needs`, {
    why:
      theirs === undefined
        ? `it does not offer ${api}; a controller's port, for example, serves no clients`
        : `it supports versions ${theirs.min} to ${theirs.max} of ${api}, Kannery ${least} to ${greatest}`,
    remedy:
      'Use brokers of Apache Kafka 2.8 or newer; if they are newer than this Kannery, update Kannery.',
    facts: { broker, api },
  })
}
