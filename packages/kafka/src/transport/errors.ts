import { KanneryError } from '@kannery/storage'
import { formatHostPort, type HostPort } from '../configuration/connection-options.ts'

/** Where a connection was when it ended: the same socket error means different things. */
export type ConnectionPhase = 'connecting' | 'negotiating' | 'open'

export interface ConnectionContext {
  readonly address: HostPort
  readonly secure: boolean
  readonly phase: ConnectionPhase
}

/** Says what a socket error means to a person. `error` is undefined when the broker closed the connection without one. */
export function connectionError(
  error: Error | undefined,
  context: ConnectionContext,
): KanneryError {
  const code = errorCode(error)
  if (context.secure && isTlsFailure(code, error)) return tlsError(error, code, context)
  const broker = formatHostPort(context.address)
  const facts = { broker, ...(code === undefined ? {} : { code }) }
  if (context.phase === 'connecting') {
    const reason = unreachable[code ?? '']
    return new KanneryError('KAFKA_UNREACHABLE', `cannot connect to Kafka at ${broker}`, {
      retry: 'after-refresh',
      why: reason?.why ?? error?.message ?? 'the connection was closed at once',
      ...(reason === undefined ? {} : { remedy: reason.remedy }),
      facts,
      cause: error,
    })
  }
  return new KanneryError('KAFKA_UNREACHABLE', `Kafka at ${broker} closed the connection`, {
    retry: 'after-refresh',
    why: error === undefined ? closedWhy(context) : `${error.message}`,
    ...(context.phase === 'negotiating' ? { remedy: listenerRemedy } : {}),
    facts,
    cause: error,
  })
}

export function timeoutError(
  { address, phase }: ConnectionContext,
  milliseconds: number,
): KanneryError {
  const broker = formatHostPort(address)
  return new KanneryError(
    'KAFKA_UNREACHABLE',
    phase === 'connecting'
      ? `cannot connect to Kafka at ${broker}`
      : `Kafka at ${broker} does not answer`,
    {
      retry: 'after-refresh',
      why: `nothing came back within ${milliseconds / 1000} s`,
      remedy:
        phase === 'connecting'
          ? 'Check the address, and that no firewall drops the packets on the way.'
          : 'Check the health of the broker; a firewall may also have dropped the connection.',
      facts: { broker, timeoutMs: milliseconds },
    },
  )
}

export function protocolError(address: HostPort, why: string, cause?: unknown): KanneryError {
  const broker = formatHostPort(address)
  return new KanneryError('KAFKA_PROTOCOL', `unexpected answer from ${broker}`, {
    retry: 'after-refresh',
    why,
    facts: { broker },
    cause,
  })
}

export function closedByUs(address: HostPort): KanneryError {
  const broker = formatHostPort(address)
  return new KanneryError('KAFKA_UNREACHABLE', `the connection to ${broker} is closed`, {
    retry: 'after-refresh',
    why: 'we closed it ourselves',
    facts: { broker },
  })
}

/** A TLS record where a Kafka frame was due: the listener speaks TLS, we were told not to. */
export function tlsExpectedError(address: HostPort): KanneryError {
  const broker = formatHostPort(address)
  return new KanneryError('KAFKA_TLS_FAILED', `Kafka at ${broker} speaks TLS, not plaintext`, {
    why: 'the connection was opened without TLS and the broker answered with a TLS record',
    remedy: 'Set security.protocol to SSL or SASL_SSL (or use the port of a listener without TLS).',
    facts: { broker },
  })
}

const listenerRemedy =
  'Check that this is the port of a Kafka listener and that security.protocol (PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL) is that of the listener.'

const unreachable: Readonly<Record<string, { readonly why: string; readonly remedy: string }>> = {
  ECONNREFUSED: {
    why: 'the connection was refused: nothing listens on that port',
    remedy: 'Check host and port, and that the broker is running.',
  },
  ENOTFOUND: {
    why: 'the host name is unknown',
    remedy: 'Check the spelling of the host name, and that it can be resolved from here.',
  },
  EAI_AGAIN: {
    why: 'the host name could not be resolved: the name server did not answer',
    remedy: 'Check the name service of this machine, then try again.',
  },
  ETIMEDOUT: {
    why: 'the host did not answer',
    remedy: 'Check the address, and that no firewall drops the packets on the way.',
  },
  EHOSTUNREACH: {
    why: 'there is no route to the host',
    remedy: 'Check the address and the network of this machine.',
  },
  ENETUNREACH: {
    why: 'there is no route to that network',
    remedy: 'Check the address and the network of this machine.',
  },
}

function closedWhy({ secure, phase }: ConnectionContext): string {
  if (phase === 'open') {
    return secure
      ? 'it gave no reason; it may have restarted'
      : 'it gave no reason; it may have restarted, or want SASL or TLS on this port'
  }
  return secure
    ? 'it ended the connection before the first answer'
    : 'it ended the connection before the first answer; it may want TLS on this port'
}

/** Reasons of OpenSSL's certificate verification (X509_V_ERR_*), as Node.js names them. */
const certificateProblems: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'the broker shows a self-signed certificate that is not among the trusted ones',
  SELF_SIGNED_CERT_IN_CHAIN: 'the root of the certificate chain is not among the trusted ones',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the authority that signed the certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the authority that signed the certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the authority that signed the certificate is not trusted',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet; the clock of this machine may be wrong',
  CERT_SIGNATURE_FAILURE: 'the signature of the certificate is wrong',
}

function isTlsFailure(code: string | undefined, error: Error | undefined): boolean {
  return (
    code !== undefined &&
    (code in certificateProblems ||
      code.startsWith('ERR_SSL_') ||
      code.startsWith('ERR_TLS_') ||
      code === 'EPROTO' ||
      // Node.js reports so when the peer hangs up during the handshake.
      (code === 'ECONNRESET' && error?.message.includes('secure TLS connection') === true))
  )
}

function tlsError(
  error: Error | undefined,
  code: string | undefined,
  { address }: ConnectionContext,
): KanneryError {
  const broker = formatHostPort(address)
  const { why, remedy } = explainTlsFailure(code ?? '', error?.message ?? '')
  return new KanneryError('KAFKA_TLS_FAILED', `TLS with Kafka at ${broker} failed`, {
    why,
    ...(remedy === undefined ? {} : { remedy }),
    facts: { broker, ...(code === undefined ? {} : { code }) },
    cause: error,
  })
}

function explainTlsFailure(code: string, message: string): { why: string; remedy?: string } {
  const problem = certificateProblems[code]
  if (problem !== undefined) {
    return {
      why: problem,
      remedy:
        'Give the certificate of the authority as ssl.truststore.certificates or ssl.truststore.location.',
    }
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      why: `the certificate is for another host: ${message}`,
      remedy: 'Use a name that stands in the certificate, or have it issued for this one.',
    }
  }
  if (
    /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN/.test(
      code,
    )
  ) {
    return {
      why: `the broker refused us: ${message}`,
      remedy:
        'If the broker demands a client certificate (ssl.client.auth=required), give one that it trusts: ssl.keystore.*.',
    }
  }
  if (
    code === 'ECONNRESET' ||
    code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'
  ) {
    return {
      why: 'the broker did not answer as a TLS server does; the listener on this port is probably a plaintext one',
      remedy:
        'Set security.protocol to PLAINTEXT or SASL_PLAINTEXT, or use the port of a TLS listener.',
    }
  }
  return { why: message }
}

function errorCode(error: Error | undefined): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
