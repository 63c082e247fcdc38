import { errorNumbers } from '../error-numbers.ts'
import type { KafkaApi, ThrottledAnswer } from '../kafka-api.ts'

/** The program that asks, for the broker's metrics (KIP-511). Not sent in version 0. */
interface ApiVersionsRequest {
  readonly softwareName: string
  readonly softwareVersion: string
}

interface ApiVersionsAnswer extends ThrottledAnswer {
  readonly errorCode: number
  readonly apis: readonly {
    readonly key: number
    readonly least: number
    readonly greatest: number
  }[]
}

/**
 * Versions 0 and 3 are used. A broker that does not know version 3 answers it in the format of
 * version 0 with UNSUPPORTED_VERSION (KIP-511); then nothing after the error is read.
 */
export const apiVersionsApi: KafkaApi<ApiVersionsRequest, ApiVersionsAnswer> = {
  key: 18,
  name: 'ApiVersions',
  least: 0,
  greatest: 3,
  flexibleFrom: 3,
  encode(writer, { softwareName, softwareVersion }, version) {
    if (version < 3) return
    writer.string(softwareName)
    writer.string(softwareVersion)
  },
  decode(reader, version) {
    const errorCode = reader.int16()
    if (errorCode === errorNumbers.UNSUPPORTED_VERSION) {
      reader.skipRest()
      return { errorCode, apis: [], throttleTimeMs: 0 }
    }
    const apis = reader.structs(() => ({
      key: reader.int16(),
      least: reader.int16(),
      greatest: reader.int16(),
    }))
    return { errorCode, apis, throttleTimeMs: version >= 1 ? reader.int32() : 0 }
  },
}
