import { KanneryError } from '@kannery/storage'
import type { HostPort } from './connection-options.ts'

/**
 * An IPv6 address in brackets, perhaps with a zone, or a host without colons; then a port, which
 * Kafka's clients require, too.
 */
const address = /^(?:\[([0-9a-fA-F:.]+(?:%[A-Za-z0-9._-]+)?)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/

/**
 * Parses Kafka's `bootstrap.servers`: comma-separated `host:port` pairs.
 *
 * @throws CONFIG_INVALID with the part that is no address.
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
  const [, v6, name, portText] = address.exec(text) ?? []
  const host = v6 ?? name
  const port = Number(portText)
  if (host === undefined) {
    throw invalid(text, text.includes('://') ? 'a broker has no URL scheme' : 'it is not host:port')
  }
  if (port < 1 || port > 65_535) {
    throw invalid(text, `${port} is not a port (1 to 65535)`)
  }
  return { host, port }
}

function invalid(text: string, why: string): KanneryError {
  // The part before an @ may be a password.
  const shown = text.replace(/.*@/, '…@')
  return new KanneryError('CONFIG_INVALID', `not a Kafka broker address: "${shown}"`, {
    why,
    remedy: 'Write host:port, for example localhost:9092 or [::1]:9092; commas between several.',
    facts: { setting: 'bootstrap.servers' },
  })
}
