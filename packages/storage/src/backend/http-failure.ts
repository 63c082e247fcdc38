import { certificateProblem } from '../errors/certificate-problem.ts'
import type { Retry } from '../errors/kannery-error.ts'

/** Why a request got no answer, for backends that speak HTTP. */
export interface NetworkFailure {
  /** Error code of Node.js, such as ECONNREFUSED. */
  readonly status: string
  /** Reason, as a clause whose "it" is the storage. */
  readonly why: string
  readonly retry: Retry
  /** What to do, where it is not the remedy of the code. */
  readonly remedy?: string | undefined
  /** Whether the request may have been sent. If not, there was no connection: nothing happened. */
  readonly sent: boolean
}

const trustRemedy =
  'Name the authority that signed its certificate in NODE_EXTRA_CA_CERTS, or correct the address.'
const reissueRemedy = 'Have a certificate issued for it that is right, or correct the address.'

/** Error code of Node.js → reason. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut off',
  ECONNABORTED: 'the connection was cut off',
  EPIPE: 'the connection was cut off',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was cut off',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name server did not answer',
  ETIMEDOUT: 'it did not answer in time',
  ESOCKETTIMEDOUT: 'it did not answer in time',
  ERR_SOCKET_CONNECTION_TIMEOUT: 'it did not answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'it did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'it did not answer in time',
  UND_ERR_SOCKET: 'the connection was cut off',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  EADDRNOTAVAIL: 'this machine has no free port left',
  EMFILE: 'this process has no file descriptor left',
  EPROTO: 'it does not speak TLS there',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP there',
}

/** Error codes of failures before there was a connection. */
const unsent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EMFILE',
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'UND_ERR_CONNECT_TIMEOUT',
])

const timedOut: NetworkFailure = {
  status: 'ETIMEDOUT',
  why: 'it did not answer in time',
  retry: 'same-request',
  sent: true,
}

/**
 * Returns why the network failed, or undefined when `error` has another reason. Its causes are
 * examined, too: every SDK wraps them in its own way.
 */
export function networkFailure(error: unknown): NetworkFailure | undefined {
  for (const one of withCauses(error)) {
    const { code, name } = one as { readonly code?: unknown; readonly name?: unknown }
    const status = typeof code === 'string' ? code : ''
    const problem = certificateProblem(one)
    if (problem !== undefined) {
      const why = `its certificate is refused: ${problem.why}`
      const remedy = problem.isDistrust ? trustRemedy : reissueRemedy
      return { status, why, retry: 'never', remedy, sent: false }
    }
    const why = reasons[status]
    if (why !== undefined) return { status, why, retry: 'same-request', sent: !unsent.has(status) }
    if (name === 'TimeoutError') return timedOut
  }
  return undefined
}

/**
 * Returns the pause in milliseconds that the header `Retry-After` asks for, as a number of seconds
 * or a date (RFC 9110, section 10.2.3). Returns undefined without the header, or if it is neither.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined
  const seconds = Number(header)
  const milliseconds = Number.isNaN(seconds) ? Date.parse(header) - nowMs : seconds * 1000
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds)
}

/**
 * Returns a copy of an error of an SDK with its name, message and stack alone: its request often
 * carries the credentials.
 */
export function withoutRequest(error: Error): Error {
  const copy = new Error(error.message)
  copy.name = error.name
  if (error.stack !== undefined) copy.stack = error.stack
  return copy
}

/** Yields an error and its causes, outermost first, up to five. */
export function* withCauses(error: unknown): Generator<object> {
  let current = error
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth++) {
    yield current
    const { cause, errors } = current as { readonly cause?: unknown; readonly errors?: unknown }
    current = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
}
