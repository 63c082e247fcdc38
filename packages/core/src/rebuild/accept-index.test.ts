import { describe, expect, test } from 'vitest'
import { captured, gap, minutes, World } from '../../test/fixtures.ts'
import { topicKeys } from '../layout/keys.ts'
import { UlidSource } from '../ulid/ulid.ts'
import { acceptIndex } from './accept-index.ts'

const keys = topicKeys('orders')

/** Two committed segments, both there, and a writer that is still at it. */
async function writing() {
  const world = new World()
  const writer = await world.writer('a')
  for (const from of [0, 10]) {
    const change = captured(writer, { 0: [from, from + 10] })
    await world.replace(keys.segment(change.segment.id), 'a segment')
    await writer.commit(change)
  }
  const storage = world.storage('person')
  const ids = new UlidSource({ clock: world.clock, random: world.random })
  const edit = (change: (text: string) => string): Promise<unknown> =>
    world.replace(keys.index, change(world.text(keys.index)))
  const accept = (dryRun = false) => acceptIndex(storage, 'orders', { ids, dryRun })
  return { world, writer, edit, accept }
}

describe('accepting an edited index', () => {
  test('an edit is accepted, and the backup beside it continues from there', async () => {
    const { world, writer, edit, accept } = await writing()
    await edit((text) => text.replace('retention: {}', 'retention: {"after":"30d"}'))

    const accepted = await accept()

    expect(accepted).toMatchObject({ edited: true, unnamed: [], absent: [] })
    await world.pass(minutes(1))
    await writer.commit({ gaps: [gap(0, 20, 25)] })
    expect(writer.index.retention).toEqual({ after: '30d' })
    expect(await world.next()).toEqual({ 0: 25 })
  })

  test('a line that was removed is reported by the segment that is no longer named', async () => {
    const { writer, edit, accept } = await writing()
    const last = writer.index.segments.at(-1)?.id ?? ''
    await edit((text) =>
      text
        .split('\n')
        .filter((line) => !line.includes(`{"id":"${last}"`))
        .join('\n'),
    )

    expect((await accept()).unnamed).toEqual([`orders/${last}.kan`])
  })

  test('a segment that the edit names and that is missing is reported', async () => {
    const { writer, edit, accept } = await writing()
    const first = writer.index.segments[0]?.id ?? ''
    const invented = '01JDC8F9V0000000000000000A'
    await edit((text) => text.replace(`{"id":"${first}"`, `{"id":"${invented}"`))

    expect(await accept()).toMatchObject({
      absent: [`orders/${invented}.kan`],
      unnamed: [`orders/${first}.kan`],
    })
  })

  test('a dry run writes nothing', async () => {
    const { world, edit, accept } = await writing()
    await edit((text) => text.replace('retention: {}', 'retention: {"after":"30d"}'))
    const before = world.text(keys.index)

    expect((await accept(true)).edited).toBe(true)
    expect(world.text(keys.index)).toBe(before)
  })

  test('an index without an edit stays as it is', async () => {
    const { world, accept } = await writing()
    const before = world.text(keys.index)

    expect((await accept()).edited).toBe(false)
    expect(world.text(keys.index)).toBe(before)
  })

  test.each<[string, (text: string) => string]>([
    ['that was cut, at the end of a line', (text) => text.slice(0, text.indexOf('gaps:'))],
    ['whose field is no number', (text) => text.replace('epoch: 1', 'epoch: one')],
    ['whose segments cover offsets twice', (text) => text.replace('[10,20,', '[9,20,')],
    ['whose segment is of no incarnation', (text) => text.replaceAll('"in":0', '"in":3')],
  ])('an index %s is not accepted', async (_, change) => {
    const { world, edit, accept } = await writing()
    await edit(change)
    const before = world.text(keys.index)

    await expect(accept()).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    expect(world.text(keys.index)).toBe(before)
  })

  test('where there is no index, nothing is made', async () => {
    const { world, accept } = await writing()
    await world.remove(keys.index)

    await expect(accept()).rejects.toMatchObject({ code: 'INDEX_MISSING' })
  })

  test.each(['expired', 'deleted'])('a segment that is %s is not missed', async (state) => {
    const { world, writer, edit, accept } = await writing()
    const first = writer.index.segments[0]?.id ?? ''
    await edit((text) => text.replace('"expires":null}', `"expires":null,"state":"${state}"}`))
    await world.remove(`orders/${first}.kan`)

    expect(await accept()).toMatchObject({ edited: true, absent: [], unnamed: [] })
  })

  test('the edit of a copy is refused: its source would undo it', async () => {
    const { edit, accept } = await writing()
    await edit((text) => text.replace('\nend:', '\ncopyOf: {"cluster":"cluster-one"}\nend:'))

    await expect(accept()).rejects.toMatchObject({ code: 'INDEX_FOREIGN' })
  })
})
