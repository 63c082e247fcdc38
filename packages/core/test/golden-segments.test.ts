import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSegment } from '../src/segment/reader.ts'
import { verifySegment } from '../src/segment/salvage/verify.ts'
import { annotateSegment } from './annotate-segment.ts'
import { goldenLines, goldenSegments, writeGoldenSegment } from './golden-segments.ts'
import { collect, sampleKey, storageOf } from './segments.ts'

const golden = (name: string): Promise<Buffer> =>
  readFile(join(import.meta.dirname, 'golden', name))

describe.each(goldenSegments)('golden file $name', (segment) => {
  test('is what the writer makes', async () => {
    const written = await writeGoldenSegment(segment)
    expect(Buffer.compare(await golden(`${segment.name}.kan`), written)).toBe(0)
  })

  test('has beside it what it was made of', async () => {
    const lines = (await golden(`${segment.name}.jsonl`)).toString().trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(goldenLines(segment))
  })

  test('is read as what it was made of', async () => {
    const storage = await storageOf(await golden(`${segment.name}.kan`))
    expect(await collect(verifySegment(storage, sampleKey))).toEqual([])
    const reader = await openSegment(storage, { key: sampleKey })
    const chunks = await collect(reader.readChunks(reader.footer.chunks))
    expect(chunks.map(({ facts }) => facts)).toMatchObject(
      goldenLines(segment)
        .filter((line) => 'kind' in line)
        .map(({ kind, partition, from, next, records }) => ({
          kind,
          partition,
          from,
          next,
          records,
        })),
    )
    expect(reader.footer.aborted).toEqual(segment.aborted)
  })
})

describe('the documentation of the segment', () => {
  test('shows the smallest golden file as it is', async () => {
    const page = join(import.meta.dirname, '../../../docs/format/segment.md')
    const dump = annotateSegment(await golden('segment-smallest.kan'))
    expect(await readFile(page, 'utf8')).toContain(`\n\`\`\`text\n${dump}\`\`\`\n`)
  })
})
