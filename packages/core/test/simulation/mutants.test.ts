import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Mutant, mutants } from './mutants.ts'

const packageRoot = join(import.meta.dirname, '../..')
const longestSearchMs = 60_000

for (const mutant of mutants) {
  test(`the simulation finds a writer that ${mutant.name}`, { timeout: 90_000 }, async () => {
    const folder = await mutatedPackage(mutant)
    try {
      expect(await simulateIn(folder, mutant.seed)).toMatch(/VIOLATED/)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
}

/** Below the package, so that it finds what the package depends on. */
async function mutatedPackage({ file, search, replace }: Mutant): Promise<string> {
  const cache = join(packageRoot, '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'mutant-'))
  for (const part of ['src', 'test', 'package.json']) {
    await cp(join(packageRoot, part), join(folder, part), { recursive: true })
  }
  const path = join(folder, 'src', file)
  const source = await readFile(path, 'utf8')
  expect(source.split(search), 'the patch applies at one place').toHaveLength(2)
  await writeFile(
    path,
    source.replace(search, () => replace),
  )
  return folder
}

/** What it printed. */
async function simulateIn(folder: string, seed = 1): Promise<string> {
  const script = join(folder, 'test/simulation/run.ts')
  const { promise, resolve } = Promise.withResolvers<string>()
  const words = [
    '--conditions=@kannery/source',
    script,
    '--histories',
    '100000',
    '--seed',
    `${seed}`,
  ]
  execFile(process.execPath, words, { timeout: longestSearchMs }, (_, stdout, stderr) => {
    resolve(stdout + stderr)
  })
  return await promise
}
