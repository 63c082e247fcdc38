import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { describe, expect, test } from 'vitest'

const folder = join(repositoryRoot, 'docs/operations')
const index = readFileSync(join(folder, 'README.md'), 'utf8')
const pages = globSync('*.md', { cwd: folder }).filter((file) => file !== 'README.md')

describe('docs/operations/README.md', () => {
  test.each(pages)('lists %s by its question', (file) => {
    const [, question = ''] = /^# (.*)$/m.exec(readFileSync(join(folder, file), 'utf8')) ?? []

    expect(index).toContain(`- [${question}](${file})\n`)
    expect(question).toMatch(/\?$/)
  })

  test('finds the pages', () => {
    expect(pages.length).toBeGreaterThan(10)
  })
})
