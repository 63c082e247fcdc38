import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { repositoryRoot } from '@kannery/testing/paths'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** A folder in which every package of the workspace is installed, as in that of a reader. */
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kannery-snippets-'))
  await mkdir(join(folder, 'node_modules/@kannery'), { recursive: true })
  await symlink(join(repositoryRoot, 'node_modules/@types'), join(folder, 'node_modules/@types'))
  for (const manifest of globSync('packages/*/package.json', { cwd: repositoryRoot })) {
    const { name } = JSON.parse(await readFile(join(repositoryRoot, manifest), 'utf8')) as {
      readonly name: string
    }
    await symlink(join(repositoryRoot, dirname(manifest)), join(folder, 'node_modules', name))
  }
  const configuration = {
    extends: join(repositoryRoot, 'tsconfig.base.json'),
    compilerOptions: { composite: false, noEmit: true, isolatedDeclarations: false },
    include: ['*.ts'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/**
 * The TypeScript blocks of a page, each as a module whose lines have the numbers that they have in
 * the page. What a block takes for granted is declared in a comment `<!-- given: … -->` before it.
 */
function snippetsOf(page: string): string[] {
  const blocks = page.matchAll(/(?:<!-- given:\n(?:(?!-->).)*-->\n+)?```ts\n.*?```/gs)
  return Array.from(blocks, (block) => {
    const before = page.slice(0, block.index).replaceAll(/[^\n]/g, '')
    return `${before}${block[0].replaceAll(/<!-- given:|-->|```ts|```/g, '')}\nexport {}\n`
  })
}

/** What the compiler says about the blocks of pages; empty when all are right. */
async function check(pages: ReadonlyMap<string, string>): Promise<string> {
  const files: string[] = []
  for (const [name, page] of pages) {
    for (const [index, snippet] of snippetsOf(page).entries()) {
      const file = join(folder, `${name.replaceAll('/', '-')}-${index}.ts`)
      await writeFile(file, snippet)
      files.push(file)
    }
  }
  const compiler = spawn(join(repositoryRoot, 'node_modules/.bin/tsc'), ['-p', folder], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = await text(compiler.stdout)
  for (const file of files) await rm(file)
  return output
}

describe('the TypeScript blocks of the READMEs', () => {
  test('compile against the packages', async () => {
    const names = globSync('{.,packages/*,apps/*}/README.md', { cwd: repositoryRoot })
    const pages = new Map<string, string>()
    for (const name of names) pages.set(name, await readFile(join(repositoryRoot, name), 'utf8'))

    expect([...pages.values()].flatMap(snippetsOf).length).toBeGreaterThan(4)
    expect(await check(pages)).toBe('')
  })

  test('are refused with the line in the README when they are wrong', async () => {
    const page = `# A page

<!-- given:
import type { StorageBackend } from '@kannery/storage'
declare const storage: StorageBackend
-->

\`\`\`ts
storage.capabilities
storage.capabilitys
\`\`\`
`
    expect(await check(new Map([['page', page]]))).toMatch(/^page-0\.ts\(10,9\): error TS2551: /)
  })
})
