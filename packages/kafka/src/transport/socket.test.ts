import { describe, expect, test } from 'vitest'
import { secureOptions } from './socket.ts'

describe('the server name in a TLS handshake', () => {
  test.each([
    ['kafka.example', 'kafka.example'],
    // As brokers advertise it whose names are complete for DNS; RFC 6066 forbids the dot in a
    // server name.
    ['kafka.example.', 'kafka.example'],
    ['127.0.0.1', undefined],
    ['::1', undefined],
  ])('for %s the server name is %s', (host, servername) => {
    const options = secureOptions({ host, port: 9093 }, { serverNameCheck: true })

    expect(options).toMatchObject({ host, rejectUnauthorized: true })
    expect(options.servername).toBe(servername)
  })
})
