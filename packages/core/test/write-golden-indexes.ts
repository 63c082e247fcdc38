import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { besideIt, goldenFields, goldenIndexes } from './golden-indexes.ts'

// node --conditions=@kannery/source packages/core/test/write-golden-indexes.ts
// Only for golden files of something new: files of a format that was released stay as they are.
for (const golden of goldenIndexes) {
  const folder = join(import.meta.dirname, 'golden')
  await writeFile(join(folder, golden.name), golden.bytes)
  await writeFile(
    join(folder, besideIt(golden.name)),
    `${JSON.stringify(goldenFields(golden), null, 2)}\n`,
  )
}
