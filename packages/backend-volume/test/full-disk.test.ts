import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchFolder } from './fixtures.ts'

describe('a full disk', () => {
  // The disk is a tmpfs of 4 MiB in a mount namespace of its own. Root may create one, and so may
  // other users if user namespaces are allowed.
  test('is reported, keeps what was stored, and takes more when it has space again', async () => {
    await using folder = await scratchFolder('tmpfs')
    const worker = join(import.meta.dirname, 'full-disk-worker.ts')
    const script =
      'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" --conditions=@kannery/source --no-warnings "$3" "$1"'
    const output = execFileSync(
      'unshare',
      [
        '--map-root-user',
        '--mount',
        'sh',
        '-c',
        script,
        'sh',
        folder.path,
        process.execPath,
        worker,
      ],
      { encoding: 'utf8' },
    )

    expect(JSON.parse(output)).toEqual({
      streamed: 'STORAGE_FULL',
      put: 'STORAGE_FULL',
      stored: 4,
      whole: true,
      unfinished: [],
      afterwards: 'stored',
    })
  })
})
