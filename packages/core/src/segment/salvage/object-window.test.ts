import { describe, expect, test } from 'vitest'
import { sampleKey, storageOf } from '../../../test/segments.ts'
import { ObjectWindow } from './object-window.ts'

const mebibyte = 1024 * 1024
const needle = Buffer.from('NEEDLE')

async function windowOnto(
  bytes: Uint8Array,
): Promise<{ window: ObjectWindow; gets: () => number }> {
  const storage = await storageOf(bytes)
  let gets = 0
  const get = storage.get.bind(storage)
  storage.get = (key, options) => {
    gets++
    return get(key, options)
  }
  const window = new ObjectWindow(storage, { key: sampleKey, size: bytes.length }, {})
  return { window, gets: () => gets }
}

describe('a window over an object', () => {
  test('every occurrence is found, also across the edge of what is held, and each byte is read once', async () => {
    const bytes = Buffer.alloc(9 * mebibyte)
    const positions = [5, 4 * mebibyte - 3, 5 * mebibyte, 8 * mebibyte - 1, bytes.length - 6]
    for (const position of positions) bytes.set(needle, position)
    const { window, gets } = await windowOnto(bytes)
    const found: number[] = []
    for (let at = await window.find(needle, 0); at < bytes.length; ) {
      found.push(at)
      at = await window.find(needle, at + 1)
    }
    expect(found).toEqual(positions)
    expect(gets()).toBe(3)
  })

  test('bytes beyond the end are not there', async () => {
    const { window } = await windowOnto(Buffer.from('0123456789'))
    expect(Buffer.from(await window.bytes(7, 100)).toString()).toBe('789')
    expect(await window.bytes(10, 5)).toHaveLength(0)
    expect(await window.find(needle, 3)).toBe(10)
  })
})
