import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from '@kannery/testing/paths'
import { describe, expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)
const goldenFolder = join(repositoryRoot, 'packages/core/test/golden')
const reader = join(repositoryRoot, 'testing/python/read_segment.py')
const goldenNames = (await readdir(goldenFolder))
  .filter((name) => /^segment-.*\.kan$/.test(name))
  .map((name) => name.slice(0, -'.kan'.length))

interface Line {
  readonly chunk?: number
}

function parseLines(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

/** Without what lies in chunks that this Python cannot decompress: from 3.14 on there are none. */
function asFarAsReadable(expected: readonly Line[], compressed: readonly Line[]): Line[] {
  const unreadable = new Map(compressed.map((line) => [line.chunk, line]))
  return expected.flatMap((line) => {
    const instead = unreadable.get(line.chunk)
    if (instead === undefined) return [line]
    return 'kind' in line ? [line, instead] : []
  })
}

describe('the independent reader of segments', () => {
  test('has golden segments to read', () => {
    expect(goldenNames.length).toBeGreaterThanOrEqual(4)
  })
})

describe.each(goldenNames)('a reader in plain Python, given %s,', (name) => {
  test('reads what it was made of', async () => {
    const { stdout } = await run('python3', [reader, join(goldenFolder, `${name}.kan`)])
    const read = parseLines(stdout)
    const expected = parseLines(await readFile(join(goldenFolder, `${name}.jsonl`), 'utf8'))
    const compressed = read.filter((line) => 'compressed' in line)
    expect(read).toEqual(asFarAsReadable(expected, compressed))
  })

  test('names a damaged byte', async () => {
    const whole = await readFile(join(goldenFolder, `${name}.kan`))
    const folder = await mkdtemp(join(tmpdir(), 'kannery-segment-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'damaged.kan')
    for (let part = 0; part < 8; part++) {
      const position = Math.floor((part * (whole.length - 1)) / 7)
      const damaged = Buffer.from(whole)
      damaged.writeUInt8(damaged.readUInt8(position) ^ 0x20, position)
      await writeFile(path, damaged)
      await expect(run('python3', [reader, path]), `byte ${position}`).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/damaged\.kan: bytes \d+-\d+: /),
      })
    }
  })
})
