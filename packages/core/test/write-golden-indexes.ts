import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { goldenFields, goldenIndexes } from './golden-indexes.ts'

// node --conditions=@kannery/source packages/core/test/write-golden-indexes.ts
// Only for golden files of something new: files of a format that was released stay as they are.
for (const golden of goldenIndexes) {
  const path = join(import.meta.dirname, 'golden', golden.name)
  await writeFile(`${path}.yaml`, golden.bytes)
  await writeFile(`${path}.json`, `${JSON.stringify(goldenFields(golden), null, 2)}\n`)
}
