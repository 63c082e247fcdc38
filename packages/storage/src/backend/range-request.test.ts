import { describe, expect, test } from 'vitest'
import type { ByteRange } from '../backend.ts'
import { BackendErrors } from './backend-errors.ts'
import { type AnsweredSpan, RangeRequest } from './range-request.ts'

const attempt = { operation: 'get', key: 'orders/index', place: 's3://backups/orders/index' }
const errors = new BackendErrors({ type: 's3', provider: 'S3', permissions: {} })
const request = (range?: ByteRange): RangeRequest => new RangeRequest(range, errors, attempt)
const facts = { backend: 's3', operation: 'get', key: 'orders/index' }

describe('a range request', () => {
  test.each<[ByteRange, string | undefined]>([
    [{ kind: 'span', start: 5, end: 10 }, 'bytes=5-9'],
    [{ kind: 'from', start: 5 }, 'bytes=5-'],
    [{ kind: 'last', length: 5 }, 'bytes=-5'],
    // HTTP has no word for nothing.
    [{ kind: 'span', start: 5, end: 5 }, undefined],
    [{ kind: 'last', length: 0 }, undefined],
    [{ kind: 'from', start: -1 }, undefined],
  ])('for %j has the header %s', (range, header) => {
    expect(request(range).header).toBe(header)
  })
})

describe('the answer to a range request', () => {
  test('is the whole object, or the part that was asked for', () => {
    const whole = { contentLength: 20, contentRange: undefined }
    expect(request().accept(whole)).toEqual({ start: 0, end: 20, size: 20 })
    expect(request({ kind: 'from', start: 0 }).accept(whole)).toMatchObject({ end: 20 })
    const part = { contentLength: 5, contentRange: 'bytes 15-19/20' }
    const span = { start: 15, end: 20, size: 20 }
    expect(request({ kind: 'last', length: 5 }).accept(part)).toEqual(span)
    expect(request({ kind: 'from', start: 15 }).accept(part)).toEqual(span)
  })

  test.each<[string, ByteRange, number | undefined, string | undefined]>([
    ['has another part', { kind: 'span', start: 5, end: 10 }, 5, 'bytes 6-10/20'],
    ['has all instead of a part', { kind: 'span', start: 5, end: 10 }, 20, undefined],
    ['has a range of another length', { kind: 'from', start: 15 }, 4, 'bytes 15-19/20'],
    ['has a range that is none', { kind: 'from', start: 15 }, 5, 'lines 15-19/20'],
    ['has no length', { kind: 'from', start: 0 }, undefined, undefined],
    ['has a length that is not a number', { kind: 'from', start: 0 }, Number.NaN, undefined],
  ])('is refused if it %s', (_, range, contentLength, contentRange) => {
    const accepted = () => request(range).accept({ contentLength, contentRange })
    expect(accepted).toThrow(expect.objectContaining({ code: 'STORAGE_UNSUPPORTED', facts }))
  })

  test.each<[ByteRange, number, string | undefined]>([
    // It has less than was asked for.
    [{ kind: 'span', start: 5, end: 30 }, 15, 'bytes 5-19/20'],
    [{ kind: 'span', start: 5, end: 5 }, 20, undefined],
    [{ kind: 'last', length: 3 }, 0, undefined],
  ])('is STORAGE_RANGE for %j, which the object does not have', (range, length, contentRange) => {
    const accepted = () => request(range).accept({ contentLength: length, contentRange })
    expect(accepted).toThrow(expect.objectContaining({ code: 'STORAGE_RANGE' }))
  })
})

describe('the body of an answer', () => {
  const span: AnsweredSpan = { start: 0, end: 4, size: 4 }
  const read = async (body: Iterable<Uint8Array>): Promise<number> => {
    let bytes = 0
    const translate = (error: unknown): unknown => new Error('translated', { cause: error })
    for await (const chunk of request().read(body, span, translate)) bytes += chunk.length
    return bytes
  }

  test('is read completely, or the error says how much is missing', async () => {
    expect(await read([new Uint8Array(3), new Uint8Array(1)])).toBe(4)
    await expect(read([new Uint8Array(3)])).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      retry: 'same-request',
      message: expect.stringContaining('cut off'),
    })
  })

  test('fails with the error that the backend makes of it', async () => {
    function* broken(): Generator<Uint8Array> {
      yield new Uint8Array(3)
      throw new Error('reset')
    }
    await expect(read(broken())).rejects.toThrow('translated')
  })
})
