import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  encodeIndex,
  encodePage,
  parseIndex,
  parsePage,
} from '../src/index-file/format/index-document.ts'
import { besideIt, goldenFields, goldenIndexes } from './golden-indexes.ts'

const golden = (name: string): Promise<Buffer> =>
  readFile(join(import.meta.dirname, 'golden', name))

describe.each(goldenIndexes)('golden file $name', (index) => {
  test('is what the writer makes', async () => {
    expect((await golden(index.name)).toString()).toBe(Buffer.from(index.bytes).toString())
  })

  test('has beside it what it says', async () => {
    expect(JSON.parse((await golden(besideIt(index.name))).toString())).toEqual(goldenFields(index))
  })

  test('is read as what it says, and written again as it was', async () => {
    const bytes = await golden(index.name)
    if ('page' in index.content) {
      const page = parsePage(bytes, 'orders', index.content.page)
      expect(page).toEqual(index.content)
      expect(Buffer.compare(encodePage(page), bytes)).toBe(0)
    } else {
      const parsed = parseIndex(bytes, 'orders')
      expect(parsed).toEqual(index.content)
      expect(Buffer.compare(encodeIndex(parsed), bytes)).toBe(0)
    }
  })
})

describe('the documentation of the index', () => {
  test.each(['index-full.index', 'index-page.page'])('shows %s as it is', async (name) => {
    const page = await readFile(join(import.meta.dirname, '../../../docs/format/index.md'), 'utf8')

    expect(page).toContain(`\n\`\`\`text\n${(await golden(name)).toString()}\`\`\`\n`)
  })
})
