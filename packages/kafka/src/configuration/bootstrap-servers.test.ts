import { describe, expect, test } from 'vitest'
import { parseBootstrapServers } from './bootstrap-servers.ts'
import { formatHostPort } from './connection-options.ts'

describe('a list of bootstrap servers', () => {
  test.each([
    ['localhost:9092', [{ host: 'localhost', port: 9092 }]],
    [
      ' a.example:1 , b_c-d:65535,',
      [
        { host: 'a.example', port: 1 },
        { host: 'b_c-d', port: 65_535 },
      ],
    ],
    ['[::1]:9092', [{ host: '::1', port: 9092 }]],
    ['[fe80::1%eth0]:9092', [{ host: 'fe80::1%eth0', port: 9092 }]],
  ])('%s is read', (text, expected) => {
    const parsed = parseBootstrapServers(text)
    expect(parsed).toEqual(expected)
    expect(parseBootstrapServers(parsed.map(formatHostPort).join(','))).toEqual(expected)
  })

  test.each([
    ['', 'it names no broker'],
    [' , ', 'it names no broker'],
    ['localhost', 'it is not host:port'],
    ['::1:9092', 'it is not host:port'],
    ['localhost:0', '0 is not a port (1 to 65535)'],
    ['localhost:65536', '65536 is not a port (1 to 65535)'],
    ['kafka://localhost:9092', 'a broker has no URL scheme'],
    ['good:9092,bad host:9092', 'it is not host:port'],
  ])('%j is refused', (text, why) => {
    expect(() => parseBootstrapServers(text)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', why }),
    )
  })

  test('a password in an address is not repeated', () => {
    expect(() => parseBootstrapServers('user:secret@localhost:9092')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    )
  })
})
