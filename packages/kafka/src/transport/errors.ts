import { KanneryError } from '@kannery/storage'
import { formatHostPort, type HostPort } from '../configuration/connection-options.ts'
import { isTlsFailure, tlsError } from './tls-errors.ts'

/**
 * How far a connection had come when it ended: the same socket error has different meanings.
 * `unproven` is the time between the API versions, which a broker sends to every client, and the
 * first answer to a request that it could have refused.
 */
export type ConnectionPhase = 'connecting' | 'negotiating' | 'unproven' | 'open'

/** The connection that an error is about. */
export interface ConnectionContext {
  readonly address: HostPort
  readonly secure: boolean
  readonly phase: ConnectionPhase
}

/**
 * Explains a socket error. `error` is undefined when the broker closed the connection without one.
 */
export function connectionError(
  error: Error | undefined,
  context: ConnectionContext,
): KanneryError {
  const code = errorCode(error)
  if (context.secure && isTlsFailure(error, code)) return tlsError(error, code, context.address)
  const broker = formatHostPort(context.address)
  const facts = { broker, ...(code === undefined ? {} : { code }) }
  if (context.phase === 'connecting') {
    const reason = unreachable[code ?? '']
    return new KanneryError('KAFKA_UNREACHABLE', `cannot connect to Kafka at ${broker}`, {
      retry: 'after-refresh',
      why: reason?.why ?? error?.message ?? 'the connection was closed at once',
      remedy: reason?.remedy,
      facts,
      cause: error,
    })
  }
  return new KanneryError('KAFKA_UNREACHABLE', `Kafka at ${broker} closed the connection`, {
    retry: 'after-refresh',
    why: error === undefined ? closedWhy(context) : error.message,
    remedy: context.phase === 'open' ? undefined : listenerRemedy,
    facts,
    cause: error,
  })
}

/** Explains that a broker was silent for `milliseconds`. */
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

/** Explains an answer that breaks Kafka's protocol. */
export function protocolError(address: HostPort, why: string, cause?: unknown): KanneryError {
  const broker = formatHostPort(address)
  return new KanneryError('KAFKA_PROTOCOL', `unexpected answer from ${broker}`, {
    retry: 'after-refresh',
    why,
    facts: { broker },
    cause,
  })
}

/** Explains that a request came after its connection was closed. */
export function closedByUs(address: HostPort): KanneryError {
  const broker = formatHostPort(address)
  return new KanneryError('KAFKA_UNREACHABLE', `the connection to ${broker} is closed`, {
    retry: 'after-refresh',
    why: 'Kannery closed it',
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
  if (phase === 'open') return 'it gave no reason; it may have restarted'
  if (phase === 'unproven') {
    return 'it hung up at the first request, as a listener does that wants SASL authentication'
  }
  return secure
    ? 'it ended the connection before the first answer'
    : 'it ended the connection before the first answer; it may want TLS on this port'
}

function errorCode(error: Error | undefined): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
