import { PassThrough } from 'node:stream'
import { systemClock } from '@kannery/runtime'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { type CommandContext, type CommandTexts, defineCommand } from './command.ts'
import { choice, duration, flag, integer, type Option, size, text, time } from './options.ts'
import { parseCommandLine } from './program.ts'
import { Terminal } from './terminal/terminal.ts'

const now = Date.UTC(2026, 10, 23, 12)
const texts: CommandTexts = { name: 'pack', summary: 'pack', description: 'Packs.', examples: [] }

function outside(): CommandContext {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() }
  return {
    app: { url: import.meta.url, version: '1.2.3' },
    environment: {},
    directory: '/',
    now,
    signal: AbortSignal.abort(),
    terminal: new Terminal('text', streams, systemClock),
  }
}

describe('defineCommand', () => {
  test('gives run the values of its arguments and options, with their types', async () => {
    const seen: unknown[] = []
    const command = defineCommand({
      ...texts,
      arguments: {
        storage: { description: 'where' },
        topic: { description: 'which', optional: true },
      },
      options: {
        'segment-size': size({ description: 'how large', default: '64MiB' }),
        wait: duration({ description: 'how long', implied: '5m' }),
        since: time({ description: 'from when', required: true }),
        exclude: text({ description: 'which not', repeatable: true }),
        partition: integer({ min: 0, max: 9 })({ description: 'which', repeatable: true }),
        codec: choice(['zstd', 'none'])({ description: 'how', default: 'zstd' }),
        'dry-run': flag({ description: 'only show it' }),
        mechanism: text({ name: 'sasl-mechanism', description: 'by which' }),
      },
      async run({ arguments: { storage, topic }, options }) {
        expectTypeOf(storage).toEqualTypeOf<string>()
        expectTypeOf(topic).toEqualTypeOf<string | undefined>()
        expectTypeOf(options.segmentSize).toEqualTypeOf<number>()
        expectTypeOf(options.wait).toEqualTypeOf<number | undefined>()
        expectTypeOf(options.since).toEqualTypeOf<Date>()
        expectTypeOf(options.exclude).toEqualTypeOf<readonly string[]>()
        expectTypeOf(options.partition).toEqualTypeOf<readonly number[]>()
        expectTypeOf(options.codec).toEqualTypeOf<'zstd' | 'none'>()
        expectTypeOf(options.dryRun).toEqualTypeOf<boolean>()
        expectTypeOf(options.mechanism).toEqualTypeOf<string | undefined>()
        // @ts-expect-error: a misspelt option does not compile
        expect(options.segmentsize).toBeUndefined()
        seen.push(storage, topic, options)
      },
    })

    const line = 'pack ./backups --since -90m --wait --partition 3 --partition 7 --exclude tmp'
    const parsed = parseCommandLine(
      [...line.split(' '), '--dry-run', '--sasl-mechanism', 'PLAIN'],
      { version: '1.2.3', commands: [command] },
    )
    if ('text' in parsed) throw new Error('expected a command')
    await command.run(parsed.words, outside())

    expect(seen).toEqual([
      './backups',
      undefined,
      {
        segmentSize: 67_108_864,
        wait: 300_000,
        since: new Date(now - 5_400_000),
        exclude: ['tmp'],
        partition: [3, 7],
        codec: 'zstd',
        dryRun: true,
        mechanism: 'PLAIN',
      },
    ])
  })

  test('takes the values of a list from repeated words and from words with commas', () => {
    const list = text({ description: '', repeatable: true, commas: true })
    const repeated = text({ description: '', repeatable: true })
    const words = ['a,b', 'c', '/d{1,2}/']

    const separate = ['a', 'b', 'c', '/d{1,2}/', '/e/', '/f{3,4}/', 'g']
    expect(list.read(words, now)).toEqual(separate.slice(0, 4))
    expect(list.read([...words, '/e/,/f{3,4}/,g'], now)).toEqual(separate)
    expect(repeated.read(words, now)).toEqual(words)
    expect(() => list.read(['a,'], now)).toThrow(/the value is empty/)
  })

  const wrong: readonly (readonly [string, string, Option<unknown>, RegExp])[] = [
    ['64 apples', 'size', size({ description: '' }), /such as 64MiB/],
    ['5', 'duration', duration({ description: '' }), /such as 90s, 5m or 1h30m/],
    ['tomorrow', 'time', time({ description: '' }), /2026-11-23T10:00Z/],
    ['10', 'whole number', integer({ min: 1, max: 9 })({ description: '' }), /from 1 to 9/],
    ['-1', 'whole number', integer({ min: 1, max: 9 })({ description: '' }), /from 1 to 9/],
  ]
  test.each(wrong)(
    'refuses %j as a %s, and names the option and what is right',
    async (word, kind, option, right) => {
      const options = { 'some-option': option }
      const run = async (): Promise<void> => {}
      const command = defineCommand({ ...texts, arguments: {}, options, run })

      const words = { arguments: [], options: { 'some-option': word } }
      await expect(command.run(words, outside())).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: `--some-option: not a ${kind}: ${JSON.stringify(word)}`,
        remedy: expect.stringMatching(right),
      })
    },
  )
})
