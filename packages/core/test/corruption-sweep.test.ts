import { KanneryError, objectKey } from '@kannery/storage'
import type { MemoryStorage } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { encodeIndex } from '../src/index-file/format/index-document.ts'
import { writePage } from '../src/index-file/pages/page-writer.ts'
import { segmentEntries } from '../src/index-file/pages/pages.ts'
import { readIndex } from '../src/index-file/read-index.ts'
import { topicKeys } from '../src/layout/keys.ts'
import { damageOf } from '../src/segment/format/damage.ts'
import { verifySegment } from '../src/segment/salvage/verify.ts'
import type { Ulid } from '../src/ulid/ulid.ts'
import { segment } from './fixtures.ts'
import { sampleIndex } from './sample-index.ts'
import { facts, sampleHeader, sampleKey, writeSegment } from './segments.ts'

const keys = topicKeys('orders')
const pageId = '01JD8Z3V9GQ5M2K7R4T6W8Y0AC' as Ulid

/** An index that names a page, the page that names a segment, and the segment. */
async function smallBackup(): Promise<MemoryStorage> {
  const { storage, sealed } = await writeSegment([
    { facts: facts({ from: 0, next: 3 }), raw: Buffer.alloc(300, 'plain') },
    { facts: facts({ from: 3, next: 9 }), raw: Buffer.alloc(900, 'compressed '), codec: 'zstd' },
  ])
  const { bytes, digest, offsets } = sealed
  const entry = { ...segment(sampleHeader.segment, {}), bytes, digest, offsets }
  const page = await writePage(
    { storage, topic: 'orders', epoch: 7, writer: 'test', newId: () => pageId },
    { in: 0, next: { 0: 9 }, segments: [entry] },
  )
  const index = { ...sampleIndex, pages: [page], segments: [], garbage: [], gaps: [] }
  await storage.put(keys.index, encodeIndex(index), { condition: { kind: 'if-absent' } })
  return storage
}

/** The object that a verification names first; undefined when it finds nothing. */
async function namedDamage(storage: MemoryStorage): Promise<unknown> {
  try {
    const stored = await readIndex(storage, 'orders')
    if (stored === undefined) throw new Error('the index is there')
    for await (const entry of segmentEntries(storage, stored.index)) {
      const damages = verifySegment(storage, keys.segment(entry.id), entry)
      for await (const damage of damages) return damage.key
    }
    return undefined
  } catch (error) {
    if (damageOf(error) === undefined && !KanneryError.is(error, 'INDEX_FOREIGN')) throw error
    return (error as KanneryError).facts['key']
  }
}

describe('corruption of a backup', () => {
  test('a backup that is whole is found whole', async () => {
    expect(await namedDamage(await smallBackup())).toBeUndefined()
  })

  test.each([
    ['index', keys.index],
    ['page', keys.page(pageId)],
    ['segment', sampleKey],
  ])(
    'every flipped byte and every cut of the %s is noticed, and it is named',
    async (_, name) => {
      const storage = await smallBackup()
      const key = objectKey(name)
      const whole = Buffer.from(storage.contents().get(key) ?? [])
      expect(whole.length).toBeGreaterThan(300)
      const unnoticed: string[] = []
      const expectNamed = async (what: string, damaged: Uint8Array): Promise<void> => {
        await storage.put(key, damaged, { condition: { kind: 'overwrite' } })
        if ((await namedDamage(storage)) !== key) unnoticed.push(what)
      }
      for (let at = 0; at < whole.length; at++) {
        const flipped = Buffer.from(whole)
        flipped[at] = (whole[at] ?? 0) ^ 0xff
        await expectNamed(`flip at ${at}`, flipped)
        await expectNamed(`cut to ${at}`, whole.subarray(0, at))
      }

      expect(unnoticed).toEqual([])
    },
    60_000,
  )
})
