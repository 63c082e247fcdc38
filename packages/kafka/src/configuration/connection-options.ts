/** A broker's address. `host` is a name, an IPv4 or an IPv6 address without brackets. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/**
 * How to use TLS. The broker's certificate is always verified; there is no option to trust every
 * certificate.
 */
export interface TlsOptions {
  /**
   * Trusted certificate authorities, one or more, PEM. Defaults to those that come with Node.js.
   */
  readonly ca?: string | undefined
  /** Client certificate chain for mutual TLS, PEM, own certificate first. */
  readonly cert?: string | undefined
  /** Private key of the client certificate, PEM. */
  readonly key?: string | undefined
  /** Passphrase of an encrypted `key`. */
  readonly passphrase?: string | undefined
  /**
   * Whether the certificate must be for the broker's host name. False only for Kafka's
   * `ssl.endpoint.identification.algorithm=` (empty): then only the chain is verified.
   */
  readonly serverNameCheck: boolean
}

/** How a client proves to a broker who it is. */
export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** User and password for SASL. */
export interface SaslOptions {
  readonly mechanism: SaslMechanism
  readonly username: string
  readonly password: string
}

/** How to connect to a Kafka cluster. Holds secrets: never print it. */
export interface KafkaConnectionOptions {
  readonly bootstrapServers: readonly HostPort[]
  /**
   * The client's name, sent with every request; brokers use it in their logs, metrics and quotas.
   */
  readonly clientId: string
  readonly tls?: TlsOptions | undefined
  readonly sasl?: SaslOptions | undefined
  /** Time limit for the TCP connection and the TLS handshake together, milliseconds. */
  readonly connectTimeoutMs: number
  /** How long a broker may be silent while an answer is due, milliseconds. */
  readonly requestTimeoutMs: number
}

/** Defaults of Kafka's Java clients. */
export const defaultConnectTimeoutMs = 10_000
export const defaultRequestTimeoutMs = 30_000
export const defaultClientId = 'kannery'

/** Formats `host:port`, with an IPv6 address in brackets. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
