import { KanneryError } from '@kannery/storage'
import type { HostPort } from './connection-options.ts'

/** `[v6]:port`, or a host without colons and a port. Kafka's clients want the port, too. */
const address = /^(?:\[(?<v6>[0-9a-fA-F:.%]+)\]|(?<host>[A-Za-z0-9._-]+)):(?<port>\d{1,5})$/

/**
 * Reads Kafka's `bootstrap.servers`: comma-separated `host:port` pairs.
 *
 * @throws CONFIG_INVALID naming the part that is no address.
 */
export function parseBootstrapServers(text: string): readonly HostPort[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (parts.length === 0) {
    throw invalid(text, 'it names no broker')
  }
  return parts.map(parseAddress)
}

function parseAddress(text: string): HostPort {
  const match = address.exec(text)?.groups
  const host = match?.['v6'] ?? match?.['host']
  const port = Number(match?.['port'])
  if (host === undefined) {
    throw invalid(text, text.includes('://') ? 'a broker has no URL scheme' : 'it is not host:port')
  }
  if (port < 1 || port > 65_535) {
    throw invalid(text, `${port} is not a port (1 to 65535)`)
  }
  return { host, port }
}

function invalid(text: string, why: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', `not a Kafka broker address: "${text}"`, {
    why,
    remedy: 'Write host:port, for example localhost:9092 or [::1]:9092; commas between several.',
    facts: { setting: 'bootstrap.servers' },
  })
}
