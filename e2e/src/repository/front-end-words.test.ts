import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { run } from '@kannery/testing/servers/processes/run'
import { describe, expect, test } from 'vitest'

/** An option such as `--as`, or a command such as `kannery verify`. */
const frontEndWords = /(?<![\w-])--[a-z][a-z-]*|(?<![.\w])kannery [a-z]+/g

/** Text that is no advice to the user of an error, by file. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  // S3 marks directory buckets by this end of their names.
  'packages/backend-s3/src/listing.ts': ['--x-s'],
  // Part of the format: a text file says to its reader how to rebuild it.
  'packages/core/src/index-file/format/document.ts': ['kannery index'],
  // What npm, pnpm and Node.js are called with.
  'packages/runtime/src/plugins/plugin-folder.ts': [
    '--ignore-scripts',
    '--save-exact',
    '--no-audit',
    '--no-fund',
    '--ignore-workspace',
  ],
  'packages/runtime/src/plugins/package-on-disk.ts': ['--conditions'],
}

describe('the libraries', () => {
  test('name no option and no command of the command line: an operator shows their errors, too', async () => {
    const listed = await run(
      'git',
      ['ls-files', '-z', '--cached', '--others', '--exclude-standard', 'packages/*/src/**.ts'],
      {
        cwd: repositoryRoot,
      },
    )
    const files = listed.split('\0').filter((file) => file !== '' && !file.endsWith('.test.ts'))
    expect(files.length).toBeGreaterThan(200)

    const found = files.flatMap((file) => {
      const words = withoutComments(readFileSync(join(repositoryRoot, file), 'utf8')).match(
        frontEndWords,
      )
      const allowed = exceptions[file] ?? []
      return (words ?? [])
        .filter((word) => !allowed.includes(word))
        .map((word) => `${file}: ${word}`)
    })
    expect(found).toEqual([])
  })
})

/** Comments that stand on lines of their own, as nearly all do. */
function withoutComments(source: string): string {
  return source.replaceAll(/^\s*(?:\/\/.*|\/?\*.*)$/gm, '')
}
