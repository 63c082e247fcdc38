import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { describe, expect, test } from 'vitest'

const page = readFileSync(join(repositoryRoot, 'docs/architecture.md'), 'utf8')
const paths = Array.from(
  page.matchAll(/`((?:apps|bench|docs|e2e|packages|testing|tools)\/[^`\s]+)`/g),
  ([, path = '']) => path,
)

describe('docs/architecture.md', () => {
  test.each([...new Set(paths)])('names a path that exists: %s', (path) => {
    expect(existsSync(join(repositoryRoot, path))).toBe(true)
  })

  test('says where a newcomer puts things', () => {
    expect(paths.length).toBeGreaterThan(40)
    for (const thing of ['a Kafka API', 'a kind of document', 'a transform', 'a metric']) {
      expect(page).toContain(`| ${thing}`)
    }
  })
})
