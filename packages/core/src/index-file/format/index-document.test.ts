import { KanneryError } from '@kannery/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { arbitraryIndex, arbitraryPage } from '../../../test/arbitrary-index.ts'
import { sampleIndex, samplePage } from '../../../test/sample-index.ts'
import { crc32c } from '../../digest/crc32c.ts'
import { formatDigest } from '../../digest/digest.ts'
import { assertWritable, encodeIndex, encodePage, parseIndex, parsePage } from './index-document.ts'
import { maxIndexBytes } from './model.ts'

const topic = 'orders'
const sample = Buffer.from(encodeIndex(sampleIndex)).toString()

/** The text with the right checksum at its end. */
function sealed(text: string): Uint8Array {
  const body = Buffer.from(text.replace(/^end: .*\n$/m, ''))
  return Buffer.concat([body, Buffer.from(`end: "${formatDigest(crc32c(body))}"\n`)])
}

function refusal(bytes: Uint8Array | string): KanneryError {
  try {
    parseIndex(Buffer.from(bytes), topic)
  } catch (error) {
    if (KanneryError.is(error)) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('the document of an index', () => {
  test('what is written is read again, with all that this version does not know', () => {
    fc.assert(
      fc.property(arbitraryIndex(topic), (index) => {
        expect(parseIndex(encodeIndex(index), topic)).toEqual(index)
      }),
    )
    fc.assert(
      fc.property(arbitraryPage(topic), (page) => {
        expect(parsePage(encodePage(page), topic, page.page)).toEqual(page)
      }),
    )
    expect(parseIndex(encodeIndex(sampleIndex), topic)).toEqual(sampleIndex)
  })

  test('any YAML reader finds the same', () => {
    fc.assert(
      fc.property(arbitraryIndex(topic), (index) => {
        const document = parseDocument(Buffer.from(encodeIndex(index)).toString())
        expect(document.errors).toEqual([])
        const { end, ...found } = document.toJS()
        const { extra, ...known } = index
        expect(end).toMatch(/^crc32c:[0-9a-f]{8}$/)
        expect(found).toEqual({ ...known, ...extra })
      }),
      { numRuns: 50 },
    )
  })

  test('one entry stands on one line', () => {
    const lines = sample.split('\n')

    expect(lines[0]).toBe('# Kannery index. One entry a line. If it is lost: kannery index rebuild')
    expect(lines.filter((line) => line.startsWith('  - {"id":"01JDC8F9V'))).toHaveLength(1)
    expect(lines.slice(1, 5)).toEqual([
      'format: 1',
      'requires: {"read":[],"write":[]}',
      'topic: "orders"',
      'cluster: "MkU3OEVBNTcwNTJENDM2Qg"',
    ])
    expect(lines.at(-2)).toMatch(/^end: "crc32c:[0-9a-f]{8}"$/)
  })

  test('what another program made of it is read, if it says the same', () => {
    const { end: _, ...content } = parseDocument(sample).toJS()
    const document = parseDocument('{}')
    document.contents = document.createNode(content) as typeof document.contents
    const reformatted = sealed(`# Kannery index, by hand\n${document.toString()}`)

    expect(Buffer.from(reformatted).toString()).toContain('\n  - n: 0\n    topicId: ')
    expect(parseIndex(reformatted, topic)).toEqual(sampleIndex)
  })

  test('every flipped bit and every length of a cut is noticed, and the index is named', () => {
    const bytes = Buffer.from(encodeIndex(sampleIndex))
    const codes = new Set<string>()
    for (let position = 0; position < bytes.length; position++) {
      for (const flip of [1, 0x20, 0x80]) {
        const damaged = Buffer.from(bytes)
        damaged[position] = (damaged[position] ?? 0) ^ flip
        const { code, facts } = refusal(damaged)
        codes.add(code)
        expect(facts).toMatchObject({ key: 'orders/index', topic })
      }
      expect(refusal(bytes.subarray(0, position)).code).toBe('DATA_CORRUPT')
    }
    expect([...codes]).toEqual(['DATA_CORRUPT'])
  })

  test('damage is reported with its bytes and with what to do', () => {
    const error = refusal(sample.replace('81234', '81235'))

    expect(error).toMatchObject({
      code: 'DATA_CORRUPT',
      why: 'its checksum is wrong',
      facts: { key: 'orders/index', from: 0, to: sample.length },
    })
    expect(error.message).toBe(`the index orders/index is damaged at bytes 0-${sample.length}`)
    expect(error.remedy).toContain('accept')
    expect(error.remedy).toContain('rebuild it from the segments')
    expect(error.advice).toEqual({ id: 'accept-or-rebuild-index', topic: 'orders' })
  })

  test('bytes after the end are damage', () => {
    expect(refusal(`${sample}\n`).code).toBe('DATA_CORRUPT')
    expect(refusal(`${sample}garbage: []\n`).code).toBe('DATA_CORRUPT')
  })

  test.each([
    ['a web page', '<!doctype html>\n<title>Index</title>\n'],
    ['some YAML', 'format: 2\nname: something\n'],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255, 254])],
    ['a very large file', Buffer.alloc(maxIndexBytes + 1, 'x')],
  ])('%s is not an index, and is not taken for a damaged one', (_, bytes) => {
    expect(refusal(bytes)).toMatchObject({ code: 'INDEX_FOREIGN', facts: { key: 'orders/index' } })
  })

  test('an empty file is a damaged index: there is nothing that says otherwise', () => {
    expect(refusal('').code).toBe('DATA_CORRUPT')
  })

  test('the index of another topic is refused, naming both', () => {
    const error = refusal(encodeIndex({ ...sampleIndex, topic: 'Orders' }))

    expect(error.code).toBe('INDEX_FOREIGN')
    expect(error.message).toContain('"orders"')
    expect(error.why).toContain('"Orders"')
  })

  test.each([
    ['another format', sealed(sample.replace('format: 1', 'format: 2'))],
    [
      'a format that ends otherwise',
      Buffer.from(sample.replace('format: 1', 'format: 2').replace(/^end: /m, 'sha256: ')),
    ],
    [
      'features that a reader must know',
      sealed(sample.replace('{"read":[]', '{"read":["sharded"]')),
    ],
  ])('%s needs a newer version', (_, bytes) => {
    expect(refusal(bytes)).toMatchObject({ code: 'DATA_VERSION_UNSUPPORTED' })
  })

  test('features that only a writer must know forbid to write, and nothing else', () => {
    const index = parseIndex(sealed(sample.replace('"write":[]', '"write":["sharded"]')), topic)

    expect(() => assertWritable(index)).toThrow(
      expect.objectContaining({
        code: 'DATA_VERSION_UNSUPPORTED',
        why: expect.stringContaining('sharded'),
      }),
    )
    expect(() => assertWritable(sampleIndex)).not.toThrow()
  })

  test.each([
    ['as a known number', sample.replace('"records":81234', '"records":9007199254740993')],
    [
      'under an unknown key',
      sample.replace('"records":81234', '"records":81234,"x":[9007199254740993]'),
    ],
    ['at the top', sample.replace('gaps:', 'x: 9007199254740993\ngaps:')],
    [
      'in YAML that is not ours',
      sample.replace('topic: "orders"', "topic: 'orders'").replace('81234', '9007199254740993'),
    ],
  ])('an integer beyond 2^53 %s is refused instead of changed', (_, text) => {
    expect(refusal(sealed(text))).toMatchObject({
      code: 'DATA_CORRUPT',
      why: expect.stringContaining('2^53'),
    })
  })

  test.each([
    ['a missing key', sample.replace('segments:\n', 'segmente:\n'), 'segments is not a list'],
    [
      'a range that ends before it starts',
      sample.replace('[0,813,5]', '[814,813,5]'),
      'the end of segments[0].offsets.0',
    ],
    [
      'a partition that is none',
      sample.replace('"offsets":{"0"', '"offsets":{"00"'),
      'segments[0].offsets has "00"',
    ],
    [
      'a partition beyond those that a topic can have',
      sample.replace('"offsets":{"0"', '"offsets":{"1000000"'),
      'segments[0].offsets has "1000000"',
    ],
    [
      'a number of partitions that no topic has',
      sample.replace('"partitions":4', '"partitions":1000001'),
      'incarnations[0].partitions is 1000001',
    ],
    [
      'more YAML than is read as anything but our lines',
      sample.replace('gaps:', `x: ['${"','".repeat(400_000)}']\ngaps:`),
      'at most 1048576 are read',
    ],
    ['an id that is none', sample.replace('"01JDC8F9V', '"01IDC8F9V'), 'segments[0].id'],
    ['a state that is not known', sample.replace('"expired"', '"gone"'), 'segments[1].state'],
    [
      'an epoch of 0',
      sample.replace('epoch: 7', 'epoch: 0'),
      'epoch is not an integer of at least 1',
    ],
    [
      'a time that is none',
      sample.replace('"since":"2026-11-23T07:00', '"since":"2026-13-23T07:00'),
      'incarnations[0].since',
    ],
    [
      'a key that comes twice',
      sample.replace('epoch: 7', 'epoch: 7\nepoch: 8'),
      'it cannot be read as YAML',
    ],
    ['what is no YAML', sample.replace('epoch: 7', 'epoch: {'), 'it cannot be read as YAML'],
  ])('%s is reported', (_, text, why) => {
    expect(text).not.toBe(sample)
    expect(refusal(sealed(text))).toMatchObject({
      code: 'DATA_CORRUPT',
      why: expect.stringContaining(why),
    })
  })

  test('a few lines that stand for gigabytes are refused at once', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghij'.split('').map((name, index) => {
        const before = String.fromCharCode('a'.charCodeAt(0) + index)
        return `${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`
      }),
    ].join('\n')
    const began = performance.now()

    expect(refusal(sealed(sample.replace('gaps:', `${bomb}\ngaps:`)))).toMatchObject({
      code: 'DATA_CORRUPT',
      why: expect.stringMatching(/alias/i),
    })
    expect(performance.now() - began).toBeLessThan(1000)
  })

  test('one alias is refused as well', () => {
    const text = sample.replace('gaps:', 'x: &anchor [1]\ny: *anchor\ngaps:')

    expect(refusal(sealed(text)).why).toMatch(/alias/i)
  })

  test('an index that could not be read again is not written', () => {
    const points = [{ name: 'x'.repeat(maxIndexBytes), at: '2026-11-23T07:05:00.000Z' }]
    expect(() => encodeIndex({ ...sampleIndex, points })).toThrow(`no more than ${maxIndexBytes}`)
  })

  test('no more than 16 MiB are read as an index', () => {
    const large = sealed(sample.replace('gaps:', `x: "${'x'.repeat(maxIndexBytes)}"\ngaps:`))

    expect(refusal(large)).toMatchObject({
      code: 'DATA_CORRUPT',
      why: expect.stringContaining(`no more than ${maxIndexBytes}`),
    })
  })

  test('lists nested deeply end in an error, not in a crash', () => {
    for (const value of ['['.repeat(100_000) + ']'.repeat(100_000), '['.repeat(100_000)]) {
      expect(refusal(sealed(sample.replace('gaps:', `x: ${value}\ngaps:`))).code).toBe(
        'DATA_CORRUPT',
      )
    }
  })

  test('a page is read as the page that it is', () => {
    const bytes = encodePage(samplePage)

    expect(parsePage(bytes, topic, samplePage.page)).toEqual(samplePage)
    const cut = bytes.subarray(0, bytes.length - 30)
    expect(() => parsePage(cut, topic, samplePage.page)).toThrow(
      expect.objectContaining({
        code: 'DATA_CORRUPT',
        facts: expect.objectContaining({ key: `orders/${samplePage.page}.page` }),
      }),
    )
  })
})
