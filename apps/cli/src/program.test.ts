import { describe, expect, test } from 'vitest'
import { type CommandDeclaration, type CommandTexts, defineCommand } from './command.ts'
import { choice, flag, refused, text } from './options.ts'
import { parseCommandLine } from './program.ts'

const texts: CommandTexts = {
  name: 'copy',
  summary: 'copy things',
  description: 'Copies things.',
  examples: ['kannery copy a b'],
}
const copy: CommandDeclaration = defineCommand({
  ...texts,
  arguments: {
    from: { description: 'where from' },
    to: { description: 'where to', optional: true },
  },
  options: {
    topic: text({
      short: 't',
      value: 'pattern',
      description: 'a topic',
      repeatable: true,
      required: true,
    }),
    codec: choice(['zstd', 'none'])({ description: 'a codec', default: 'zstd' }),
    'dry-run': flag({ description: 'show only' }),
    password: refused({ instead: 'Use --password-file.' }),
  },
  run: async () => {},
})
const listLeases: CommandDeclaration = { ...copy, name: 'lease ls', arguments: [], options: [] }

function parse(...words: string[]) {
  return parseCommandLine(words, { version: '1.2.3', commands: [copy, listLeases] })
}

describe('parseCommandLine', () => {
  test('gives a command its arguments and options under their declared names, with defaults', () => {
    const parsed = parse('copy', 'a', '-t', 'x', '--topic', 'y', '--dry-run')
    if ('text' in parsed) throw new Error('expected a command')
    const { options } = parsed.words

    expect(parsed.declaration.name).toBe('copy')
    expect(parsed.words.arguments).toEqual(['a'])
    expect(options['topic']).toEqual(['x', 'y'])
    expect(options['codec']).toBe('zstd')
    expect(options['output']).toBe('text')
    expect(options['dry-run']).toBe(true)
    expect(options['debug']).toBeUndefined()
  })

  test('finds a command of two words', () => {
    expect(parse('lease', 'ls')).toMatchObject({ declaration: { name: 'lease ls' } })
  })

  test.each([
    ['an unknown command', ['cpoy']],
    ['an unknown option', ['copy', 'a', '-t', 'x', '--frce']],
    ['a missing argument', ['copy', '-t', 'x']],
    ['a missing option', ['copy', 'a']],
    ['a surplus argument', ['copy', 'a', 'b', 'c', '-t', 'x']],
    ['a value that is not a choice', ['copy', 'a', '-t', 'x', '--codec', 'lzma']],
  ])('refuses %s as a configuration error', (_name, words) => {
    expect(() => parse(...words)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test('refuses a secret as an argument, and does not repeat it', () => {
    for (const words of [['--password', 'hunter2'], ['--password=hunter2']]) {
      let caught: unknown
      try {
        parse('copy', 'a', '-t', 'x', ...words)
      } catch (error) {
        caught = error
      }
      expect(caught).toMatchObject({ code: 'CONFIG_INVALID', remedy: 'Use --password-file.' })
      expect(JSON.stringify(caught) + String(caught)).not.toContain('hunter2')
    }
  })

  test('describes a group with a correct plural', () => {
    const accept: CommandDeclaration = { ...listLeases, name: 'index accept' }
    const help = parseCommandLine([], { version: '1.2.3', commands: [accept, listLeases] })

    expect(help).toMatchObject({
      text: expect.stringMatching(/commands about indexes[\s\S]*leases/),
    })
  })

  test('returns help and version as texts', () => {
    expect(parse('--version')).toEqual({ text: '1.2.3\n' })
    expect(parse('copy', '--help')).toMatchObject({
      text: expect.stringContaining('kannery copy a b'),
    })
    expect(parse('copy', '--help')).toMatchObject({ text: expect.not.stringContaining('refused') })
    expect(parse('help', 'lease')).toMatchObject({ text: expect.stringContaining('ls') })
    expect(parse()).toMatchObject({ text: expect.stringContaining('copy things') })
  })
})
