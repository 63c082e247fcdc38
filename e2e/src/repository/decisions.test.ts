import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { describe, expect, test } from 'vitest'

const folder = join(repositoryRoot, 'docs/adr')
const decisions = globSync('[0-9]*.md', { cwd: folder })
  .toSorted()
  .map((file) => ({ file, page: readFileSync(join(folder, file), 'utf8') }))

const introduction = `# Decisions

Each record has a title, a context, a decision and its consequences, on at most a page. A record is
not rewritten when a later one replaces it: below its title it gets a line with its status,
\`Superseded by\` or \`Superseded in part by\` the later one. A record without such a line is in force.

| number | decision |
|---|---|`

/** A record's status, below its title, if a later record replaces it. */
const statusLine = /^(Superseded(?: in part)?) by \[([0-9]{4})\]\(\2-[^)]+\.md\): \S/m

/** `docs/adr/README.md`: every record with its title. */
function index(): string {
  const rows = decisions.map(({ file, page }) => {
    const [, number = '', title = ''] = /^# ([0-9]{4})\. (.*)$/m.exec(page) ?? []
    const [, status] = statusLine.exec(page) ?? []
    const state = status === undefined ? '' : ` (${status.toLowerCase()})`
    return `| [${number}](${file}) | ${title}${state} |`
  })
  return `${[introduction, ...rows].join('\n')}\n`
}

describe('the records in docs/adr', () => {
  test.each(decisions)('$file has a numbered title and three sections', ({ file, page }) => {
    expect(page).toMatch(new RegExp(`^# ${file.slice(0, 4)}\\. \\S`))
    const sections = Array.from(page.matchAll(/^## (.*)$/gm), ([, title]) => title)
    expect(sections).toEqual(['Context', 'Decision', 'Consequences'])
  })

  test.each(decisions)('$file has only a status above its context', ({ page }) => {
    const [, head = ''] = /^# [^\n]+\n\n(.*?)## Context$/ms.exec(page) ?? []

    expect(head).toMatch(head === '' ? '' : statusLine)
  })

  test.each(decisions)('$file fits on a page', ({ page }) => {
    expect(page.split(/\s+/).length).toBeLessThan(560)
  })

  test('are all in the index, docs/adr/README.md', async () => {
    // Rewritten by: vitest run -u
    await expect(index()).toMatchFileSnapshot(join(folder, 'README.md'))
  })

  test('have numbers of their own', () => {
    const numbers = decisions.map(({ file }) => basename(file).slice(0, 4))

    expect(new Set(numbers).size).toBe(numbers.length)
  })
})
