import { KanneryError, type Random } from '@kannery/storage'
import {
  formatHostPort,
  type HostPort,
  type SaslOptions,
} from '../../configuration/connection-options.ts'
import { saslAuthenticateApi, saslHandshakeApi } from '../../protocol/apis/sasl.ts'
import { errorNumbers } from '../../protocol/error-numbers.ts'
import type { ApiCaller } from '../broker-request.ts'
import { ScramClient, ScramFailure } from './scram.ts'

/** An authenticated session. */
interface SaslSession {
  /**
   * Time after which the broker requires another authentication, milliseconds (KIP-368); undefined:
   * never.
   */
  readonly lifetimeMs: number | undefined
}

/**
 * Authenticates a connection: SaslHandshake, then as many SaslAuthenticate requests as the
 * mechanism needs.
 *
 * @throws KAFKA_AUTHENTICATION_FAILED
 */
export async function authenticate(
  connection: ApiCaller,
  sasl: SaslOptions,
  random: Random,
): Promise<SaslSession> {
  await handshake(connection, sasl)
  return sasl.mechanism === 'PLAIN'
    ? await plain(connection, sasl)
    : await scram(connection, sasl, random)
}

async function handshake(connection: ApiCaller, { mechanism }: SaslOptions): Promise<void> {
  const { errorCode, mechanisms } = await connection.call(saslHandshakeApi, { mechanism })
  if (errorCode === errorNumbers.NONE) return
  if (errorCode === errorNumbers.UNSUPPORTED_SASL_MECHANISM) {
    throw refused(connection.address, mechanism, {
      why: `this listener does not offer ${mechanism}, but ${mechanisms.join(', ')}`,
      remedy: 'Set sasl.mechanism to one that the listener offers, or use another listener.',
    })
  }
  if (errorCode === errorNumbers.ILLEGAL_SASL_STATE) {
    throw refused(connection.address, mechanism, {
      why: 'this listener does not use SASL',
      remedy: 'Set security.protocol to PLAINTEXT or SSL, or use the port of a SASL listener.',
    })
  }
  throw refused(connection.address, mechanism, {
    why: `the broker answered SaslHandshake with Kafka's error number ${errorCode}`,
  })
}

/**
 * Authenticates with PLAIN (RFC 4616): authorization identity (none), user and password, separated
 * by NUL.
 */
async function plain(connection: ApiCaller, sasl: SaslOptions): Promise<SaslSession> {
  const { lifetimeMs } = await exchange(connection, sasl, `\0${sasl.username}\0${sasl.password}`)
  return { lifetimeMs }
}

async function scram(
  connection: ApiCaller,
  sasl: SaslOptions,
  random: Random,
): Promise<SaslSession> {
  const hash = sasl.mechanism === 'SCRAM-SHA-512' ? 'sha512' : 'sha256'
  const nonce = Buffer.from(random.bytes(24)).toString('base64url')
  const client = new ScramClient({ ...sasl, hash }, nonce)
  try {
    const first = await exchange(connection, sasl, client.first())
    const final = await exchange(connection, sasl, await client.final(first.message))
    client.verify(final.message)
    return { lifetimeMs: final.lifetimeMs }
  } catch (error) {
    if (!(error instanceof ScramFailure)) throw error
    throw refused(connection.address, sasl.mechanism, { why: error.message, cause: error })
  }
}

interface SaslAnswer extends SaslSession {
  readonly message: string
}

async function exchange(
  connection: ApiCaller,
  sasl: SaslOptions,
  message: string,
): Promise<SaslAnswer> {
  const answer = await connection.call(saslAuthenticateApi, { authBytes: Buffer.from(message) })
  if (answer.errorCode !== errorNumbers.NONE) {
    throw refused(connection.address, sasl.mechanism, {
      why: answer.errorMessage ?? 'the broker did not accept user and password',
    })
  }
  return {
    message: answer.authBytes.toString('utf8'),
    lifetimeMs: answer.sessionLifetimeMs > 0 ? answer.sessionLifetimeMs : undefined,
  }
}

function refused(
  address: HostPort,
  mechanism: string,
  reason: { readonly why: string; readonly remedy?: string; readonly cause?: unknown },
): KanneryError {
  const broker = formatHostPort(address)
  return new KanneryError('KAFKA_AUTHENTICATION_FAILED', `authentication at ${broker} failed`, {
    ...reason,
    facts: { broker, mechanism },
  })
}
