import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/command-line.ts'

const worker = join(import.meta.dirname, '../../../test/full-disk-worker.ts')

// A real one: a tmpfs of 4 MiB in a mount namespace of its own, which root may make, and others
// where user namespaces are allowed.
describe('a full disk', () => {
  test.each(['prune', 'gc'])(
    '%s deletes what is due on a disk without a free byte, and keeps all else',
    async (command) => {
      await using folder = await temporaryFolder()
      const script =
        'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" --conditions=@kannery/source --no-warnings "$3" "$1" "$4"'
      const told = execFileSync(
        'unshare',
        ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', folder.path].concat(
          process.execPath,
          worker,
          command,
        ),
        { encoding: 'utf8' },
      )

      expect(JSON.parse(told)).toEqual({
        freeBefore: 0,
        status: 0,
        stderr: '',
        freed: true,
        states: ['deleted', 'there', 'there'],
        broken: [],
        reserveAfterNextSegment: true,
      })
    },
  )
})
