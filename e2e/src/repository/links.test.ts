import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { describe, expect, test } from 'vitest'

const pages = globSync(
  ['*.md', 'docs/**/*.md', '{apps,packages,examples}/*/README.md', '.changeset/README.md'],
  { cwd: repositoryRoot },
)

/** The files that a page links to. Links to the web, and within the page, are left out. */
function linkedFiles(page: string): string[] {
  const text = readFileSync(join(repositoryRoot, page), 'utf8').replaceAll(/```.*?```/gs, '')
  const targets = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target)
  return targets
    .filter((target) => !/^(https?:|mailto:|#)/.test(target))
    .map((target) => join(dirname(page), target.replace(/#.*$/, '')))
}

describe('the links of a page', () => {
  test.each(pages)('in %s lead to files that exist', (page) => {
    const broken = linkedFiles(page).filter((file) => !existsSync(join(repositoryRoot, file)))

    expect(broken).toEqual([])
  })

  test('are found', () => {
    expect(pages.flatMap(linkedFiles).length).toBeGreaterThan(50)
  })
})
