import { compareKeys } from '@kannery/storage'
import type { ContractCase } from './contract-case.ts'
import { expectSame, expectSameNames, expectTrue } from './expectations.ts'
import { at, create, createAll, expectAbsent, namesIn } from './steps.ts'

/**
 * Names that a careless prefix takes for parts of each other. None is both an object and a folder:
 * no disk could hold that.
 */
const lookalikes = [
  'a!',
  'a-b',
  'a.b',
  'a/1',
  'a/2/3',
  'a/2/4',
  'a0',
  'aa/1',
  'ab',
  'b/a/1',
  'B',
  'é',
]

export const listingCases: readonly ContractCase[] = [
  {
    name: 'a listing of children shows objects, and each folder once',
    async run(context) {
      await using storage = await context.open()
      await createAll(context, storage, lookalikes)
      const listed = async (folder: string) =>
        await namesIn(context, storage, { depth: 'children', folder })

      const children = ['B', 'a!', 'a-b', 'a.b', 'a/', 'a0', 'aa/', 'ab', 'b/', 'é']
      expectSameNames(await listed(''), children, 'the children of the root')
      expectSameNames(await listed('a/'), ['a/1', 'a/2/'], 'the children of a/')
      expectSameNames(await listed('a/2/'), ['a/2/3', 'a/2/4'], 'the children of a/2/')
      expectSameNames(await listed('b/'), ['b/a/'], 'the children of b/')
    },
  },
  {
    name: 'a listing of all shows everything below a folder, once, and nothing beside it',
    async run(context) {
      await using storage = await context.open()
      await createAll(context, storage, lookalikes)
      const listed = async (folder: string) =>
        await namesIn(context, storage, { depth: 'all', folder })

      expectSameNames(await listed(''), lookalikes, 'all')
      expectSameNames(await listed('a/'), ['a/1', 'a/2/3', 'a/2/4'], 'all below a/')
      expectSameNames(await listed('b/'), ['b/a/1'], 'all below b/')
    },
  },
  {
    name: 'a listing of a folder that does not exist is empty',
    async run(context) {
      await using storage = await context.open()
      await create(storage, at(context, 'object'), 'x')
      for (const folder of ['missing/', 'obj/', 'object/']) {
        for (const depth of ['children', 'all'] as const) {
          expectSame(await namesIn(context, storage, { depth, folder }), [], folder)
        }
      }
    },
  },
  {
    name: 'the empty prefix lists the root',
    async run(context) {
      await using storage = await context.open()
      await create(storage, at(context, 'object'), 'x')
      const [first] = context.prefix.split('/')
      for await (const entry of storage.list('' as typeof context.prefix, { depth: 'children' })) {
        if (entry.kind === 'folder' && entry.prefix === `${first}/`) return
      }
      expectTrue(false, `the root does not show the folder ${first}/`)
    },
  },
  {
    name: 'a listing comes in the order of keys',
    needs: ['orderedList'],
    async run(context) {
      await using storage = await context.open()
      await createAll(context, storage, lookalikes)
      for (const depth of ['children', 'all'] as const) {
        const names = await namesIn(context, storage, { depth })
        expectSame(names, names.toSorted(compareKeys), `the order of ${depth}`)
      }
    },
    async refuse(context) {
      await using storage = await context.open()
      await createAll(context, storage, lookalikes)
      const names = await namesIn(context, storage, { depth: 'all' })
      expectSameNames(names, lookalikes, 'a listing in any order')
    },
  },
  {
    name: 'a listing that starts after a key misses nothing after it',
    async run(context) {
      await using storage = await context.open()
      await createAll(context, storage, lookalikes)
      for (const start of [...lookalikes, 'a', 'a/15', 'zz']) {
        const startAfter = at(context, start)
        const listed = await namesIn(context, storage, { depth: 'all', startAfter })
        const behind = (names: readonly string[]): string[] =>
          names.filter((name) => compareKeys(name, start) > 0)
        expectSameNames(behind(listed), behind(lookalikes), `behind ${start}`)
      }
    },
  },
  {
    name: 'more than 1,000 names are listed, and deleted, completely',
    async run(context) {
      await using storage = await context.open()
      const names = Array.from({ length: 1010 }, (_, index) => `f${index % 7}/object-${index}`)
      await createAll(context, storage, names)
      const all = await namesIn(context, storage, { depth: 'all' })
      expectSameNames(all, names, 'all names')
      const folders = await namesIn(context, storage, { depth: 'children' })
      expectSame(folders.length, 7, 'the number of folders')

      const keys = names.map((name) => at(context, name))
      let results = 0
      for await (const { error } of storage.deleteMany(keys)) {
        if (error !== undefined) throw error
        results++
      }
      expectSame(results, names.length, 'the number of results')
      expectSame(await namesIn(context, storage, { depth: 'all' }), [], 'what is left')
    },
  },
  {
    name: 'deleted objects are not listed, nor a folder whose objects were all deleted',
    async run(context) {
      await using storage = await context.open()
      await createAll(context, storage, ['a/1', 'a/2', 'b/1', 'c'])
      for (const name of ['a/1', 'b/1', 'c']) await storage.delete(at(context, name))

      expectSame(await namesIn(context, storage, { depth: 'all' }), ['a/2'], 'all')
      expectSame(await namesIn(context, storage, { depth: 'children' }), ['a/'], 'the children')
    },
  },
  {
    name: 'an object that was listed may be deleted while the listing continues',
    async run(context) {
      await using storage = await context.open()
      const names = Array.from({ length: 150 }, (_, index) => `f${index % 3}/object-${index}`)
      await createAll(context, storage, names)
      const listed: string[] = []
      for await (const entry of storage.list(context.prefix, { depth: 'all' })) {
        if (entry.kind !== 'object') continue
        listed.push(entry.info.key.slice(context.prefix.length))
        await storage.delete(entry.info.key)
      }

      expectSameNames(listed, names, 'what was listed')
      await expectAbsent(storage, at(context, 'f0/object-0'), 'what was deleted')
    },
  },
]
