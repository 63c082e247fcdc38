/** A broker's address. `host` is a name, an IPv4 or an IPv6 address without brackets. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/**
 * How TLS is spoken. The broker's certificate is always verified; there is no option to trust
 * anybody.
 */
export interface TlsOptions {
  /** Trusted certificate authorities, one or more as PEM. Absent: those that come with Node.js. */
  readonly ca?: string
  /**
   * Client certificate chain (PEM, own certificate first) and its private key (PEM), for mutual
   * TLS.
   */
  readonly cert?: string
  readonly key?: string
  /** Opens `key` when it is encrypted. */
  readonly passphrase?: string
  /**
   * False only for Kafka's `ssl.endpoint.identification.algorithm=` (empty): the chain is verified,
   * the host name is not.
   */
  readonly serverNameCheck: boolean
}

export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

export interface SaslOptions {
  readonly mechanism: SaslMechanism
  readonly username: string
  readonly password: string
}

/** All that is needed to speak to a Kafka cluster. Holds secrets: never print it. */
export interface KafkaConnectionOptions {
  readonly bootstrapServers: readonly HostPort[]
  /** Sent with every request; brokers use it in their logs, metrics and quotas. */
  readonly clientId: string
  readonly tls?: TlsOptions
  readonly sasl?: SaslOptions
  /** For the TCP connection and the TLS handshake together. */
  readonly connectTimeoutMs: number
  /** How long a broker may be silent while an answer is due. */
  readonly requestTimeoutMs: number
}

/** The same as of Kafka's Java clients. */
export const defaultConnectTimeoutMs = 10_000
export const defaultRequestTimeoutMs = 30_000
export const defaultClientId = 'kannery'

/** `host:port` as a person writes it; an IPv6 address in brackets. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
