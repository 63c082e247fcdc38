import { certificateProblem, KanneryError } from '@kannery/storage'
import { formatHostPort, type HostPort } from '../configuration/connection-options.ts'

/**
 * Explains a TLS record in place of a Kafka frame: the listener expects TLS, and the connection was
 * opened without it.
 */
export function tlsExpectedError(address: HostPort): KanneryError {
  const broker = formatHostPort(address)
  return new KanneryError('KAFKA_TLS_FAILED', `Kafka at ${broker} speaks TLS, not plaintext`, {
    why: 'the connection was opened without TLS and the broker answered with a TLS record',
    remedy: 'Set security.protocol to SSL or SASL_SSL (or use the port of a listener without TLS).',
    facts: { broker },
  })
}

/** Whether the error comes from TLS itself and not from the network below it. */
export function isTlsFailure(error: Error | undefined, code: string | undefined): boolean {
  return (
    certificateProblem(error) !== undefined ||
    code?.startsWith('ERR_SSL_') === true ||
    code?.startsWith('ERR_TLS_') === true ||
    code === 'EPROTO' ||
    isHangUp(error, code)
  )
}

/**
 * Whether the peer ended the connection during the handshake, as a broker does that starts or
 * stops.
 */
function isHangUp(error: Error | undefined, code: string | undefined): boolean {
  return (
    code === 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING' ||
    (code === 'ECONNRESET' && error?.message.includes('secure TLS connection') === true)
  )
}

/** Explains an error in a TLS handshake or after it. */
export function tlsError(
  error: Error | undefined,
  code: string | undefined,
  address: HostPort,
): KanneryError {
  const broker = formatHostPort(address)
  const { why, remedy, isPassing } = explainTlsFailure(error, code)
  return new KanneryError('KAFKA_TLS_FAILED', `TLS with Kafka at ${broker} failed`, {
    why,
    remedy,
    retry: isPassing === true ? 'after-refresh' : undefined,
    facts: { broker, ...(code === undefined ? {} : { code }) },
    cause: error,
  })
}

interface Explanation {
  readonly why: string
  readonly remedy?: string
  /** The same connection may work a little later. */
  readonly isPassing?: boolean
}

const listenerRemedy =
  'Set security.protocol to PLAINTEXT or SASL_PLAINTEXT, or use the port of a TLS listener.'

function explainTlsFailure(error: Error | undefined, code = ''): Explanation {
  const message = shortReason(error)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      why: `the certificate is for another host: ${message}`,
      remedy: 'Use a name that stands in the certificate, or have it issued for this one.',
    }
  }
  const problem = certificateProblem(error)
  if (problem !== undefined) {
    return {
      why: `the certificate of the broker is refused: ${problem.why}`,
      remedy: problem.isDistrust
        ? 'Trust the authority that signed it: give its certificate (ssl.truststore.*).'
        : 'Have a certificate issued for the broker that is right.',
    }
  }
  if (
    /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN/.test(
      code,
    )
  ) {
    return {
      why: `the broker refused the connection: ${message}`,
      remedy:
        'If the broker demands a client certificate (ssl.client.auth=required), give one that it trusts (ssl.keystore.*).',
    }
  }
  if (isHangUp(error, code)) {
    return {
      why: 'the broker hung up during the handshake: it may be starting or stopping, or the listener on this port is a plaintext one',
      remedy: `If it happens again: ${listenerRemedy.replace('Set', 'set')}`,
      isPassing: true,
    }
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return {
      why: 'the broker did not answer as a TLS server does; the listener on this port is probably a plaintext one',
      remedy: listenerRemedy,
    }
  }
  // RFC 8446, 6.2: unrelated to the peer or the protocol, such as no memory.
  return { why: message, isPassing: code === 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' }
}

/** Returns OpenSSL's reason without the place in its source. */
function shortReason(error: Error | undefined): string {
  const { reason, message } = (error ?? {}) as { reason?: unknown; message?: string }
  return typeof reason === 'string' ? reason : (message ?? '')
}

/**
 * Recognises a TLS record: alert or handshake, version 3.x (RFC 8446, 5.1). As a Kafka frame it
 * would be about 350 MB long.
 */
export function looksLikeTls(buffer: Buffer, length: number): boolean {
  return length >= 2 && (buffer[0] === 0x15 || buffer[0] === 0x16) && buffer[1] === 0x03
}
