import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from '@kannery/testing/paths'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'

const run = promisify(execFile)
const goldenFolder = join(repositoryRoot, 'packages/core/test/golden')
const reader = join(repositoryRoot, 'testing/python/read_index.py')
const goldenNames = (await readdir(goldenFolder)).filter((name) => /\.(index|page)$/.test(name))

describe('the independent reader of indexes', () => {
  test('has golden indexes to read', () => {
    expect(goldenNames.length).toBeGreaterThanOrEqual(5)
  })
})

describe.each(goldenNames)('the golden index %s', (name) => {
  const path = join(goldenFolder, name)

  async function expected(): Promise<unknown> {
    return JSON.parse(
      await readFile(join(goldenFolder, name.replace(/\.[a-z]+$/, '.json')), 'utf8'),
    )
  }

  test('a reader in plain Python finds what it says', async () => {
    const { stdout } = await run('python3', [reader, path])

    expect(JSON.parse(stdout)).toEqual(await expected())
  })

  test('any reader of YAML finds what it says', async () => {
    const text = await readFile(path, 'utf8')
    for (const version of ['1.1', '1.2'] as const) {
      const { end, ...fields } = parse(text, { version })
      expect(end).toMatch(/^crc32c:[0-9a-f]{8}$/)
      expect(fields).toEqual(await expected())
    }
  })

  test('grep and wc find its entries', async () => {
    const { segments } = (await expected()) as { segments: { id: string }[] }
    const lines = (await readFile(path, 'utf8')).split('\n')

    for (const { id } of segments) {
      expect(lines.filter((line) => line.startsWith(`  - {"id":"${id}"`))).toHaveLength(1)
    }
  })

  test('the reader in plain Python names damage', async () => {
    const whole = await readFile(path)
    const folder = await mkdtemp(join(tmpdir(), 'kannery-index-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const copy = join(folder, 'index')
    const flipped = [0.1, 0.5, 0.9, 1].map((part) => {
      const damaged = Buffer.from(whole)
      const position = Math.floor(part * (whole.length - 1))
      damaged.writeUInt8(damaged.readUInt8(position) ^ 1, position)
      return damaged
    })
    const cut = [0, 0.5, 0.99].map((part) => whole.subarray(0, Math.floor(part * whole.length)))
    for (const damaged of [...flipped, ...cut]) {
      await writeFile(copy, damaged)
      await expect(run('python3', [reader, copy])).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/index: bytes \d+-\d+: /),
      })
    }
  })
})
