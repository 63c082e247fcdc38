import type { ContractCase } from './contract-case.ts'
import { expectSame, expectSameNames } from './expectations.ts'
import {
  at,
  create,
  expectAbsent,
  expectContent,
  namesIn,
  overwrite,
  pause,
  text,
} from './steps.ts'

/** Names that an encoding, a shell or a disk likes to change. */
const oddNames = [
  'a b',
  'a+b',
  'a%20b',
  'a%2Bb',
  'a%2520b',
  'a%2Fb',
  'a&b=c?d#e',
  'a;b,c:d@e',
  `it's "quoted" <so> |*|`,
  '~tilde$!(x)[y]{z}^`',
  'ümläut',
  'u\u0308mla\u0308ut',
  'Orders',
  'orders',
  '日本語/トピック',
  'emoji-😀',
  ' leading and trailing ',
  'a..b',
  'x'.repeat(180),
]

export const namingCases: readonly ContractCase[] = [
  {
    name: 'a key of odd characters is kept as it is, and distinguished from its lookalikes',
    async run(context) {
      await using storage = await context.open()
      for (const name of oddNames) await create(storage, at(context, name), `content of ${name}`)

      for (const name of oddNames) {
        const key = at(context, name)
        await expectContent(storage, key, `content of ${name}`, JSON.stringify(name))
        expectSame((await storage.head(key))?.key, key, 'the key in the answer of head')
      }
      const listed = await namesIn(context, storage, { depth: 'all' })
      expectSameNames(listed, oddNames, 'the listing')
    },
  },
  {
    name: 'a folder of odd characters is listed as it is, and its objects are deleted',
    async run(context) {
      await using storage = await context.open()
      const folders = ['a b', 'a+b', 'a%20b', 'ümläut', '日本語', `it's & <so>`]
      for (const folder of folders) await create(storage, at(context, `${folder}/object`), folder)

      const children = await namesIn(context, storage, { depth: 'children' })
      const expected = folders.map((folder) => `${folder}/`)
      expectSameNames(children, expected, 'the folders')
      for (const folder of folders) {
        const names = await namesIn(context, storage, { depth: 'all', folder: `${folder}/` })
        expectSame(names, [`${folder}/object`], 'the objects in a folder')
      }
      const [first, ...others] = folders.map((folder) => at(context, `${folder}/object`))
      for await (const { error } of storage.deleteMany(others)) if (error) throw error
      if (first !== undefined) await expectContent(storage, first, 'a b', 'what was not deleted')
      for (const key of others) await expectAbsent(storage, key, 'what was deleted')
    },
  },
  {
    name: 'conditions hold for keys of odd characters',
    needs: ['ifVersion'],
    async run(context) {
      await using storage = await context.open()
      for (const name of ['a b+c%20d', 'ü/日本語 😀']) {
        const key = at(context, name)
        const { version } = await create(storage, key, 'first')
        await pause(context, storage)
        await storage.put(key, text('second'), { condition: { kind: 'if-version', version } })
        await using writer = await storage.openWriter(at(context, `${name}-2`), {
          condition: overwrite,
        })
        await writer.write(text('streamed'))
        await writer.commit()

        await expectContent(storage, key, 'second', name)
        await expectContent(storage, at(context, `${name}-2`), 'streamed', name)
      }
    },
    async refuse(context) {
      await using storage = await context.open()
      const key = at(context, 'ü/日本語 😀')
      await create(storage, key, 'first')
      await expectContent(storage, key, 'first', 'an unconditional put')
    },
  },
]
