import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { installKafka } from '@kannery/testing/servers/kafka/kafka-installation'
import { run } from '@kannery/testing/servers/processes/run'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJaas } from '../src/configuration/jaas.ts'
import { parseProperties } from '../src/configuration/properties.ts'

const reader = join(repositoryRoot, 'testing/java/ReadClientConfiguration.java')

/** What Java and Kafka's client read in each of these: `refused`, or names and values in Base64. */
async function readByJava(
  kind: 'jaas' | 'properties',
  inputs: readonly Buffer[],
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kannery-java-'))
  try {
    const file = join(folder, 'inputs')
    await writeFile(file, inputs.map((input) => `${kind} ${input.toString('base64')}\n`).join(''))
    const { jars } = await installKafka()
    const output = await run('java', ['-Xmx256m', '-cp', `${jars}/*`, reader, file])
    return output.split('\n').slice(0, -1)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** As the Java program prints it. */
function described(map: ReadonlyMap<string, string>): string {
  return [...map]
    .filter(([name]) => name !== '')
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${encoded(name)}:${encoded(value)} `)
    .join('')
}

function encoded(text: string): string {
  return Buffer.from(text, 'utf16le').swap16().toString('base64')
}

function readProperties(input: Buffer): string {
  try {
    return described(parseProperties(input.toString('latin1')))
  } catch {
    return 'refused'
  }
}

function readJaas(input: Buffer): string {
  const entry = parseJaas(input.toString('utf8'))
  return entry === undefined
    ? 'refused'
    : `${encoded(entry.loginModule)} ${described(entry.options)}`
}

/** Texts put together of pieces that mean something, or look so. */
function textsOf(pieces: readonly string[], least: number): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom(...pieces), { minLength: least, maxLength: 8 })
    .map((all) => all.join(''))
}

const propertiesText = textsOf(
  [
    'a',
    'key',
    '=',
    ':',
    ' ',
    '\t',
    '\f',
    '\\',
    '\\\\',
    '\n',
    '\r\n',
    '\r',
    '#',
    '!',
    'ü',
    '\0',
  ].concat(['\\u00fc', '\\u12', '\\t', '\\n', '"', "'", '\x7f', '\xa0', 'value']),
  1,
)
const optionText = textsOf(
  [
    'a',
    'Z',
    '9',
    '0',
    '.',
    '-',
    '_',
    '$',
    '/',
    '//',
    '/*',
    '*/',
    '\\',
    '\\101',
    '\\7',
    '\\9',
  ].concat(['\\n', '"', "'", ' ', '\n', 'ü', '€', '=', ';', '{', '@', '\x85', '\0', '\\"', "\\'"]),
  0,
)
const optionName = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('', 'ey', '-1') }, optionText)
const jaasText = fc
  .tuple(
    fc.constantFrom('M', 'org.example.Login', '"quoted"', '/* a comment */ M', 'M$1', '9'),
    fc.constantFrom('required', 'REQUIRED', 'optional', 'unless'),
    fc.array(fc.tuple(optionName, fc.constantFrom('"', "'", ''), optionText), { maxLength: 2 }),
    fc.constantFrom(';', '; ', ';// the end', '; M required;', ''),
  )
  .map(([module, flag, options, end]) =>
    [module, flag, ...options.map(([name, quote, value]) => `k${name}=${quote}${value}${quote}`)]
      .join(' ')
      .concat(end),
  )

describe('client.properties have the meaning that they have in Java', () => {
  test.each([
    ['properties', propertiesText, 'latin1', readProperties],
    ['jaas', jaasText, 'utf8', readJaas],
  ] as const)('%s', async (kind, anyText, encoding, read) => {
    const inputs = fc
      .sample(anyText, { numRuns: 5_000, seed: 1 })
      .map((text) => Buffer.from(text, encoding))

    const byJava = await readByJava(kind, inputs)

    const differences = inputs
      .map((input, index) => ({ input: input.toString(), java: byJava[index], own: read(input) }))
      .filter(({ java, own }) => java !== own)
    expect(differences.slice(0, 10)).toEqual([])
    expect(byJava.filter((answer) => answer !== 'refused').length).toBeGreaterThan(500)
  })
})
