import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { bodyInPieces } from './put-body.ts'

describe('the body of a put', () => {
  test('a body in pieces has the same bytes, and reports all of them as sent', async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
    const sent: number[] = []
    const received = await bodyInPieces(body, (bytes) => sent.push(bytes)).toArray()

    expect(Buffer.concat(received).equals(body)).toBe(true)
    expect(sent).toEqual([65_536, 131_072, 196_608, 262_144, 300_000])
  })

  test('an empty body is an empty stream', async () => {
    expect(await bodyInPieces(new Uint8Array(), () => undefined).toArray()).toEqual([])
  })

  test('a connection that accepts no more bytes reports no progress', async () => {
    const body = new Uint8Array(1024 * 1024)
    let sent = 0
    let taken = 0
    const stalled = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        taken += chunk.length
        if (taken < 256 * 1024) setImmediate(done)
      },
    })
    const abort = new AbortController()
    const source = bodyInPieces(body, (bytes) => {
      sent = bytes
    })
    const sending = pipeline(source, stalled, { signal: abort.signal })
    sending.catch(() => undefined)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))

    expect(taken).toBe(256 * 1024)
    expect(sent).toBeLessThanOrEqual(taken + 2 * 64 * 1024)
    abort.abort()
    await expect(sending).rejects.toThrow()
  })
})
