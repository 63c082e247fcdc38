import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readCredentials } from './credentials.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kannery-credentials-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('without the variable there are none, so that an SDK looks for its own', async () => {
  expect(await readCredentials({})).toBeUndefined()
})

test('a mounted Secret is one value per file', async () => {
  await mkdir(join(folder, '..data'))
  await writeFile(join(folder, '..data/accessKeyId'), 'AKIA1\n')
  await writeFile(join(folder, '..data/serviceAccountKey'), '{\n  "type": "x"\n}\n')
  await symlink('..data/accessKeyId', join(folder, 'accessKeyId'))
  await symlink('..data/serviceAccountKey', join(folder, 'serviceAccountKey'))

  expect(await readCredentials({ KANNERY_STORAGE_CREDENTIALS: folder })).toEqual({
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

  expect(await readCredentials({ KANNERY_STORAGE_CREDENTIALS: path })).toEqual({
    accountKey: 'c2VjcmV0==',
    sasToken: 'sv=1&sig=2',
  })
})

test('what cannot be read is told without repeating it', async () => {
  const path = join(folder, 'broken')
  await writeFile(path, 'accountKey=hunter1\nhunter2\n')
  const reading = readCredentials({ KANNERY_STORAGE_CREDENTIALS: path })

  await expect(reading).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    why: 'line 2 is not name=value',
  })
  await reading.catch((error: Error) => {
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter')
  })
  await expect(
    readCredentials({ KANNERY_STORAGE_CREDENTIALS: join(folder, 'absent') }),
  ).rejects.toMatchObject({ code: 'CONFIG_INVALID', why: 'ENOENT' })
  await expect(readCredentials({ KANNERY_STORAGE_CREDENTIALS: 'relative' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  })
})
