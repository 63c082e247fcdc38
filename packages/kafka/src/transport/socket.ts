import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { KanneryError } from '@kannery/storage'
import type { HostPort, TlsOptions } from '../configuration/connection-options.ts'

/** Receives what happens on a socket. Nothing is called after `onClose`. */
interface SocketListener {
  onConnect(): void
  /** Returns where to read the next bytes into. Called before each read. */
  room(): Buffer
  /** Called with received bytes: `buffer`, which {@link room} returned, up to `length`. */
  onBytes(buffer: Buffer, length: number): void
  /**
   * Called when the connection has ended. `error` is undefined when the peer closed it in order.
   */
  onClose(error: Error | undefined): void
}

/**
 * Connects with `onread`: Node.js reads into memory of the listener instead of allocating some per
 * read. With TLS, `onConnect` comes after the handshake and the verification of the broker's
 * certificate.
 */
export function openSocket(
  address: HostPort,
  tls: TlsOptions | undefined,
  listener: SocketListener,
): Socket {
  const onread = {
    buffer: () => listener.room(),
    callback(length: number, buffer: Uint8Array): boolean {
      listener.onBytes(buffer as Buffer, length)
      return !socket.destroyed
    },
  }
  const socket: Socket =
    tls === undefined
      ? connectTcp({ ...address, onread }, () => listener.onConnect())
      : connectSecurely({ ...secureOptions(address, tls), onread }, () => listener.onConnect())
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  let failure: Error | undefined
  socket.on('error', (error) => {
    failure ??= error
  })
  socket.once('close', () => listener.onClose(failure))
  return socket
}

/**
 * Begins a TLS connection.
 *
 * @throws CONFIG_INVALID when OpenSSL cannot read the certificates or the key
 */
function connectSecurely(
  options: ConnectionOptions & { readonly onread: OnReadOpts },
  onSecure: () => void,
): Socket {
  try {
    return connectTls(options, onSecure)
  } catch (cause) {
    throw new KanneryError('CONFIG_INVALID', 'the certificates or the key for TLS cannot be used', {
      why: (cause as Error).message,
      remedy: 'Give them as PEM.',
      cause,
    })
  }
}

/** Returns the options of a TLS connection to a broker. */
export function secureOptions(address: HostPort, tls: TlsOptions): ConnectionOptions {
  return {
    ...address,
    minVersion: 'TLSv1.2',
    // Otherwise NODE_TLS_REJECT_UNAUTHORIZED=0 would switch the verification off for the whole
    // process.
    rejectUnauthorized: true,
    // An IP address is no server name; Node.js then verifies it against the certificate's IP
    // addresses.
    ...(isIP(address.host) === 0 ? { servername: serverName(address.host) } : {}),
    ca: tls.ca,
    cert: tls.cert,
    key: tls.key,
    passphrase: tls.passphrase,
    ...(tls.serverNameCheck ? {} : { checkServerIdentity: () => undefined }),
  }
}

/**
 * Removes a dot at the end, which marks a name as complete for DNS but is no part of a server name
 * (RFC 6066, 3).
 */
function serverName(host: string): string {
  return host.replace(/\.$/, '')
}
