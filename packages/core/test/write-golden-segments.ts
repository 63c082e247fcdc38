import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { annotateSegment } from './annotate-segment.ts'
import { goldenLines, goldenSegments, writeGoldenSegment } from './golden-segments.ts'

// node --conditions=@kannery/source packages/core/test/write-golden-segments.ts
// Only for golden files of something new: files of a format that was released stay as they are.
for (const golden of goldenSegments) {
  const path = join(import.meta.dirname, 'golden', golden.name)
  const bytes = await writeGoldenSegment(golden)
  await writeFile(`${path}.kan`, bytes)
  const lines = goldenLines(golden).map((line) => `${JSON.stringify(line)}\n`)
  await writeFile(`${path}.jsonl`, lines.join(''))
  if (golden.name === 'segment-smallest') process.stdout.write(annotateSegment(bytes))
}
