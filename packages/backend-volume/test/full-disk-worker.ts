// Runs where the folder it is given lies on a file system of its own, of 4 MiB. Prints what
// happened as JSON.
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { KanneryError, objectKey } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { VolumeBackend } from '../src/index.ts'
import { environment } from './fixtures.ts'

const [root = ''] = process.argv.slice(2)
const storage = await VolumeBackend.open({ path: root }, environment)
const content = Buffer.alloc(1_000_000, 'content')
const stored: string[] = []

async function fill(write: (name: string) => Promise<unknown>): Promise<string> {
  for (;;) {
    try {
      await write(`topic/${stored.length}`)
      stored.push(`topic/${stored.length}`)
    } catch (error) {
      return KanneryError.is(error) ? error.code : String(error)
    }
  }
}

async function stream(name: string): Promise<unknown> {
  await using writer = await storage.openWriter(objectKey(name), {
    condition: { kind: 'if-absent' },
  })
  await writer.write(content)
  return await writer.commit()
}

const streamed = await fill(stream)
const put = await fill((name) =>
  storage.put(objectKey(name), content, { condition: { kind: 'if-absent' } }),
)
const whole = await Promise.all(
  stored.map(async (name) => {
    const found = await readObject(storage, objectKey(name))
    return found !== undefined && content.equals(found.bytes)
  }),
)
const unfinished = await fs.readdir(join(root, 'topic', '.kannery'))
// Room for an object, and for the reserve that the last put was given.
for (const name of ['topic/0', 'topic/1']) await storage.delete(objectKey(name))
const afterwards = await stream('topic/again').then(
  () => 'stored',
  (error: unknown) => String(error),
)
process.stdout.write(
  JSON.stringify({
    streamed,
    put,
    stored: stored.length,
    whole: whole.every(Boolean),
    unfinished,
    afterwards,
  }),
)
