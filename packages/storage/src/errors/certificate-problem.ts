/**
 * Reasons of OpenSSL to refuse a certificate (X509_V_ERR_*), by the error codes of Node.js.
 * https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
 * https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
const problems: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed and not among the trusted ones',
  SELF_SIGNED_CERT_IN_CHAIN: 'the root of its chain is not among the trusted ones',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the authority that signed it is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the authority that signed it is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the authority that signed it is not trusted',
  CERT_UNTRUSTED: 'the authority that signed it is not trusted for this purpose',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet; the clock of this machine may be wrong',
  CERT_REVOKED: 'it has been revoked',
  CERT_SIGNATURE_FAILURE: 'its signature is wrong',
  CERT_CHAIN_TOO_LONG: 'its chain is too long',
  CERT_REJECTED: 'its authority rejects this purpose',
  INVALID_CA: 'a certificate of its chain may not sign others',
  PATH_LENGTH_EXCEEDED: 'its chain is longer than an authority in it allows',
  INVALID_PURPOSE: 'it was not issued for servers (extended key usage)',
  HOSTNAME_MISMATCH: 'it is for another host',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another host',
}

/** Reasons whose remedy is to trust an authority, not to have another certificate issued. */
const distrust: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

/** The reason why TLS refused the certificate of a server. */
export interface CertificateProblem {
  /** Reason, as a clause whose "it" is the certificate: "it has expired". */
  readonly why: string
  /** Whether the certificate would be accepted if the authority that signed it were trusted. */
  readonly isDistrust: boolean
}

/**
 * Returns why TLS refused the certificate of a server, or undefined when `error` is of another
 * kind. Only the error itself is examined, and not its causes. Node.js has no names for rare
 * reasons, such as weak keys: those have the code `UNSPECIFIED`, and OpenSSL's words.
 */
export function certificateProblem(error: unknown): CertificateProblem | undefined {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown }
  if (typeof code !== 'string') return undefined
  const why = Object.hasOwn(problems, code) ? problems[code] : undefined
  if (why !== undefined) return { why, isDistrust: distrust.has(code) }
  if (code !== 'UNSPECIFIED' && !/^(?:CERT_|CRL_|UNABLE_TO_|ERROR_IN_)/.test(code)) return undefined
  return { why: `OpenSSL refuses it: ${String(message)}`, isDistrust: false }
}
