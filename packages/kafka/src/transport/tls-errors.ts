import { KanneryError } from '@kannery/storage'
import { formatHostPort, type HostPort } from '../configuration/connection-options.ts'

/** A TLS record where a Kafka frame was due: the listener speaks TLS, we were told not to. */
export function tlsExpectedError(address: HostPort): KanneryError {
  const broker = formatHostPort(address)
  return new KanneryError('KAFKA_TLS_FAILED', `Kafka at ${broker} speaks TLS, not plaintext`, {
    why: 'the connection was opened without TLS and the broker answered with a TLS record',
    remedy: 'Set security.protocol to SSL or SASL_SSL (or use the port of a listener without TLS).',
    facts: { broker },
  })
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

/** True when the error comes from TLS itself and not from the network below it. */
export function isTlsFailure(error: Error | undefined, code: string | undefined): boolean {
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

/** Says what went wrong in a TLS handshake or after it. */
export function tlsError(
  error: Error | undefined,
  code: string | undefined,
  address: HostPort,
): KanneryError {
  const broker = formatHostPort(address)
  const { why, remedy } = explainTlsFailure(code ?? '', shortReason(error))
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
      remedy: 'Trust the authority that signed it: give its certificate (ssl.truststore.*).',
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
        'If the broker demands a client certificate (ssl.client.auth=required), give one that it trusts (ssl.keystore.*).',
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

/** OpenSSL's reason, without its own place in the source. */
function shortReason(error: Error | undefined): string {
  const { reason, message } = (error ?? {}) as { reason?: unknown; message?: string }
  return typeof reason === 'string' ? reason : (message ?? '')
}
