import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { describe, expect, test } from 'vitest'

const packages = globSync('{packages,apps}/*/package.json', { cwd: repositoryRoot }).map(dirname)

describe('the version of a package', () => {
  test.each(packages)('stands in the manifest of %s only', (folder) => {
    const root = join(repositoryRoot, folder)
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly version: string
    }
    const sources = globSync('src/**/*.ts', { cwd: root }).filter(
      (file) => !file.endsWith('.test.ts'),
    )

    expect(sources).not.toEqual([])
    const copies = sources.filter((file) => {
      return new RegExp(`['"]${version.replaceAll('.', '\\.')}['"]`).test(
        readFileSync(join(root, file), 'utf8'),
      )
    })
    expect(copies).toEqual([])
  })
})
