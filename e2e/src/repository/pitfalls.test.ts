import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { describe, expect, test } from 'vitest'

const page = readFileSync(join(repositoryRoot, 'docs/pitfalls.md'), 'utf8')
const rows = page.split('\n').filter((line) => /^\| (?!pitfall|---)/.test(line))
/** A row names one test, or several with a comma between them. */
const testsOf = (row: string) =>
  Array.from(
    row.matchAll(/`([^`]+\.test\.ts)` › (.+?)(?=, `[^`]+\.test\.ts`| \|$)/g),
    ([, file = '', title = '']) => ({ file, title }),
  )
const named = rows.flatMap(testsOf)

describe('docs/pitfalls.md', () => {
  test.each(named)('$file has the test: $title', ({ file, title }) => {
    expect(readFileSync(join(repositoryRoot, file), 'utf8')).toContain(title)
  })

  test('a row without a test says what does not exist yet', () => {
    const without = rows.filter((row) => !row.includes('.test.ts'))

    expect(without.every((row) => row.endsWith(' yet | |'))).toBe(true)
    expect(rows.filter((row) => testsOf(row).length > 0)).toHaveLength(rows.length - without.length)
    expect(named.length).toBeGreaterThan(40)
  })
})
