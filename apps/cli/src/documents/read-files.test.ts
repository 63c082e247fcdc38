import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/command-line.ts'
import { readFiles } from './read-files.ts'

const storage =
  'apiVersion: kannery.io/v1alpha1\nkind: Storage\nmetadata: {name: größe}\nspec: {folder: {path: /é}}\n'
const valid = storage.replace('größe', 'main')

/** Reads a file of these bytes. */
async function read(bytes: string | Uint8Array) {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'one.yaml'), bytes)
  return await readFiles(['one.yaml'], folder.path)
}

describe('a file of documents', () => {
  test.each([
    ['without a mark', valid],
    ['with a byte order mark', `\uFEFF${valid}`],
  ])('is read as UTF-8 %s', async (_name, text) => {
    expect(await read(text)).toMatchObject({
      documents: [{ source: 'one.yaml', document: { spec: { folder: { path: '/é' } } } }],
      problems: [],
    })
  })

  const utf16 = Buffer.from(valid, 'utf16le')
  test.each([
    ['UTF-16', Buffer.from(`\uFEFF${valid}`, 'utf16le'), /UTF-16/],
    ['UTF-16 of the other order', Buffer.from(`\uFEFF${valid}`, 'utf16le').swap16(), /UTF-16/],
    ['UTF-16 without a mark', utf16, /bytes of zero/],
    ['binary data', Buffer.from([0x1f, 0x8b, 0x08, 0x00]), /bytes of zero/],
    ['Latin-1', Buffer.from(valid, 'latin1'), /not UTF-8/],
  ])('of %s is refused', async (_name, bytes, why) => {
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'one.yaml is not text in UTF-8',
      why: expect.stringMatching(why),
      remedy: expect.stringContaining('UTF-8'),
    })
  })

  test('that is far too long is not read to its end', async () => {
    const { problems } = await read(Buffer.alloc(40 * 1024 * 1024, 'é'))

    expect(problems).toMatchObject([{ source: 'one.yaml', wrong: 'is longer than 4 MiB' }])
  })

  test('without a document is a problem', async () => {
    const { problems } = await read('# nothing yet\n')

    expect(problems).toMatchObject([{ source: 'one.yaml', wrong: 'holds no document' }])
  })

  test('that is a folder, or missing, is refused with the reason', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'folder'))

    await expect(readFiles(['folder'], folder.path)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      why: expect.stringContaining('directory (EISDIR)'),
    })
    await expect(readFiles(['missing'], folder.path)).rejects.toMatchObject({
      message: 'the file missing cannot be read',
      why: 'no such file or directory (ENOENT)',
    })
  })
})
