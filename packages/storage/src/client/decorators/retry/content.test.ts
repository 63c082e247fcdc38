import { describe, expect, test } from 'vitest'
import { contentOfBytes, SampledContent } from './content.ts'

const bytes = Uint8Array.from({ length: 2_500_000 }, (_, index) => (index * 31) >>> 8)

async function* inChunks(content: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < content.length; start += size) {
    yield content.subarray(start, start + size)
  }
}

async function sampled(content: Uint8Array, size: number): Promise<SampledContent> {
  const sample = new SampledContent()
  for await (const chunk of inChunks(content, size)) sample.add(chunk)
  return sample
}

describe('the content of a streamed object', () => {
  test('a stream is recognised whatever the chunks in which it is read', async () => {
    for (const written of [1000, 65_536, 777_777, 2_500_000]) {
      for (const read of [999, 1_048_576, 2_500_000]) {
        const sample = await sampled(bytes, written)
        expect(sample.size).toBe(bytes.length)
        expect(await sample.isSameAs(inChunks(bytes, read))).toBe(true)
      }
    }
  })

  test.each([0, 65_535, 1_048_576, 1_048_577, 2_097_152, 2_162_687])(
    'a stream with another byte at %i is another one',
    async (position) => {
      const other = Uint8Array.from(bytes)
      other[position] = (other[position] ?? 0) ^ 1

      expect(await (await sampled(bytes, 10_000)).isSameAs(inChunks(other, 4096))).toBe(false)
    },
  )

  test('a shorter or longer stream is another one', async () => {
    const sample = await sampled(bytes, 10_000)

    expect(await sample.isSameAs(inChunks(bytes.subarray(0, -1), 4096))).toBe(false)
    expect(await sample.isSameAs(inChunks(Uint8Array.from([...bytes, 0]), 4096))).toBe(false)
  })

  test('bytes in memory are compared one by one', async () => {
    const other = Uint8Array.from(bytes)
    other[2_499_999] = (other[2_499_999] ?? 0) ^ 1

    expect(await contentOfBytes(bytes).isSameAs(inChunks(bytes, 4096))).toBe(true)
    expect(await contentOfBytes(bytes).isSameAs(inChunks(other, 4096))).toBe(false)
    expect(await contentOfBytes(bytes).isSameAs(inChunks(bytes.subarray(0, -1), 4096))).toBe(false)
  })
})
