import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Storage } from '@kannery/resources'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readCredentials } from './credentials.ts'

function storageWith(path: string | undefined): Storage {
  const credentials = path === undefined ? undefined : { path }
  return {
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'Storage',
    metadata: { name: 'main' },
    spec: { folder: { path: '/srv/backups' }, credentials },
  }
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kannery-credentials-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('the credentials of a storage', () => {
  test('without a reference there are none, so that an SDK looks for its own', async () => {
    expect(await readCredentials(storageWith(undefined), {})).toBeUndefined()
  })

  test('a mounted Secret is one value per file', async () => {
    await mkdir(join(folder, '..data'))
    await writeFile(join(folder, '..data/accessKeyId'), 'AKIA1\n')
    await writeFile(join(folder, '..data/serviceAccountKey'), '{\n  "type": "x"\n}\n')
    await symlink('..data/accessKeyId', join(folder, 'accessKeyId'))
    await symlink('..data/serviceAccountKey', join(folder, 'serviceAccountKey'))

    expect(await readCredentials(storageWith(folder), {})).toEqual({
      accessKeyId: 'AKIA1',
      serviceAccountKey: '{\n  "type": "x"\n}',
    })
  })

  test('a file has one value per line, and a value may hold an equals sign', async () => {
    const path = join(folder, 'azure')
    await writeFile(
      path,
      '# of the backup account\naccountKey = c2VjcmV0==\n\nsasToken=sv=1&sig=2\r\n',
    )

    expect(await readCredentials(storageWith(path), {})).toEqual({
      accountKey: 'c2VjcmV0==',
      sasToken: 'sv=1&sig=2',
    })
  })

  test('what cannot be read is an error that does not repeat it', async () => {
    const path = join(folder, 'broken')
    await writeFile(path, 'accountKey=hunter1\nhunter2\n')
    const reading = readCredentials(storageWith(path), {})

    await expect(reading).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      why: 'line 2 is not name=value',
    })
    await reading.catch((error: Error) => {
      expect(JSON.stringify(error) + String(error)).not.toContain('hunter')
    })
    await expect(readCredentials(storageWith(join(folder, 'absent')), {})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      why: 'ENOENT',
    })
    await expect(readCredentials(storageWith('relative'), {})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })

  test('each secret may have a reference of its own, and one that leads to nothing is named', async () => {
    const path = join(folder, 'key')
    await writeFile(path, 'from a file\n')
    const secrets = { secretAccessKey: { file: path }, accessKeyId: { environment: 'KEY_ID' } }
    const storage: Storage = { ...storageWith(undefined), spec: { credentials: { secrets } } }

    expect(await readCredentials(storage, { KEY_ID: 'AKIA1' })).toEqual({
      accessKeyId: 'AKIA1',
      secretAccessKey: 'from a file',
    })
    await expect(readCredentials(storage, {})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/"main": spec\.credentials\.secrets\.accessKeyId: .*KEY_ID/),
    })
  })
})
