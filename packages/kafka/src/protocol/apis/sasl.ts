import type { KafkaApi } from '../kafka-api.ts'

interface SaslHandshakeRequest {
  readonly mechanism: string
}

interface SaslHandshakeAnswer {
  readonly errorCode: number
  /** The mechanisms that the listener offers. */
  readonly mechanisms: readonly string[]
}

/** Announces the mechanism. With version 1, SaslAuthenticate carries the exchange (KIP-152). */
export const saslHandshakeApi: KafkaApi<SaslHandshakeRequest, SaslHandshakeAnswer> = {
  key: 17,
  name: 'SaslHandshake',
  least: 1,
  greatest: 1,
  flexibleFrom: Number.POSITIVE_INFINITY,
  encode(writer, { mechanism }) {
    writer.string(mechanism)
  },
  decode(reader) {
    return { errorCode: reader.int16(), mechanisms: reader.array(() => reader.string()) }
  },
}

interface SaslAuthenticateRequest {
  /** A message of the mechanism. */
  readonly authBytes: Uint8Array
}

interface SaslAuthenticateAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
  /** The broker's message of the mechanism. */
  readonly authBytes: Buffer
  /** How long the session may last, milliseconds (KIP-368); 0: without a bound. */
  readonly sessionLifetimeMs: number
}

export const saslAuthenticateApi: KafkaApi<SaslAuthenticateRequest, SaslAuthenticateAnswer> = {
  key: 36,
  name: 'SaslAuthenticate',
  least: 0,
  greatest: 2,
  flexibleFrom: 2,
  encode(writer, { authBytes }) {
    writer.sizedBytes(authBytes)
  },
  decode(reader, version) {
    return {
      errorCode: reader.int16(),
      errorMessage: reader.nullableString(),
      authBytes: reader.sizedBytes(),
      sessionLifetimeMs: version >= 1 ? reader.int64() : 0,
    }
  },
}
