import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { kannery } from '../../test/command-line.ts'
import type { CommandDeclaration } from '../command.ts'
import { backupCommand } from '../commands/work/backup.ts'
import { restoreCommand } from '../commands/work/restore.ts'
import {
  backupFields,
  type FieldOptions,
  invalidOptions,
  namingOption,
  restoreFields,
} from './field-options.ts'

const connection = (side: string): readonly string[] => {
  const files = `--${side}-tls-ca /ca --${side}-tls-certificate /c --${side}-tls-key /k`
  const user = `--${side}-sasl-mechanism PLAIN --${side}-sasl-username me --${side}-sasl-password-file /p`
  return `--${side} a:9092 --${side}-config /c --${side}-tls ${files} ${user}`.split(' ')
}

const backup =
  '--topic a --exclude b --once --transaction-patience 1m --codec none --segment-size 1MiB --segment-age 1m --memory 64MiB --lease-ttl 1m --wait --retention 30d --identity me --metrics 9090'
const restore =
  '--topic a --exclude b --as c --prefix x --suffix y -p 0 --incarnation 1 --parallelism 2 --since 2026-01-01 --until 2026-01-02 --replication-factor 1 --retention keep --drop-headers h --original-offset-header o --verify --skip-damaged'

/** Options that give no field, or exclude another that is tried. */
const others = ['--dry-run', '--map']

/** Paths of all fields of a value, as `spec.topics[0].source`. */
function fieldsOf(value: unknown, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [path]
  const steps = Object.entries(value).map(([name, item]): readonly [string, unknown] => [
    Array.isArray(value) ? `[${name}]` : `.${name}`,
    item,
  ])
  return steps.flatMap(([step, item]) => fieldsOf(item, `${path}${step}`))
}

function named(document: string, field: string, fields: FieldOptions): string {
  const problem = { source: undefined, line: undefined, document, field, right: 'Mend it.' }
  return invalidOptions([{ ...problem, wrong: 'is wrong' }], fields).message
}

const commands: readonly (readonly [
  command: CommandDeclaration,
  words: readonly string[],
  fields: FieldOptions,
])[] = [
  [
    backupCommand,
    ['--to', '/b', ...connection('from'), ...backup.split(' ')],
    backupFields({ identity: 'me', saslPasswordFile: '/p' }),
  ],
  [
    restoreCommand,
    ['--from', '/b', ...connection('to'), ...restore.split(' ')],
    restoreFields({ as: 'c', saslPasswordFile: '/p' }),
  ],
]

describe.each(commands)(
  'the fields of the documents of kannery $name',
  (command, words, fields) => {
    test('are all given by an option', async () => {
      const { stdout } = await kannery(command.name, ...words, '--dry-run', '-o', 'json')
      const { items } = JSON.parse(stdout) as {
        readonly items: readonly { readonly kind: string; readonly spec: Record<string, unknown> }[]
      }
      const paths = items.flatMap(
        ({ kind, spec: { storage: _storage, kafkaCluster: _cluster, ...spec } }) =>
          fieldsOf(spec, 'spec').map((field) => [kind, field] as const),
      )
      expect(paths.length).toBeGreaterThan(20)
      for (const [kind, field] of paths) {
        expect(named(`${kind} "x"`, field, fields), field).toMatch(/^--[a-z-]+: is wrong$/)
      }
    })

    test('are tried with each option that gives a field', () => {
      const given = words.map((word) => (word === '-p' ? '--partition' : word))
      const expected = command.options.flatMap(({ name, refused }) =>
        refused === undefined ? [`--${name}`] : [],
      )
      expect([...given, ...others]).toEqual(expect.arrayContaining(expected))
    })

    test('name options that the command has', () => {
      const options = command.options.map(({ name }) => `--${name}`)
      const known = Object.values(fields).filter((option) => option.startsWith('--'))
      expect(known.filter((option) => !options.includes(option))).toEqual([])
    })
  },
)

describe('an error about a field', () => {
  test('names the option that gave it, or the one that gave the field around it', () => {
    const document = 'Restore "restore"'
    expect(named(document, 'spec.topics[1].target', restoreFields({}))).toBe('--map: is wrong')
    expect(named(document, 'spec.topics[1].source', restoreFields({}))).toBe('--topic: is wrong')
    expect(named('Storage "storage"', 'spec.s3.bucket', backupFields({}))).toBe('--to: is wrong')
  })

  test('names the environment variable where no option gave it', () => {
    const cluster = 'KafkaCluster "kafka"'
    for (const fields of [backupFields({}), restoreFields({})]) {
      expect(named(cluster, 'spec.sasl.password', fields)).toBe('KANNERY_SASL_PASSWORD: is wrong')
      expect(named(cluster, 'spec.tls.keyPassphrase', fields)).toBe(
        'KANNERY_TLS_KEY_PASSPHRASE: is wrong',
      )
    }
    expect(named('Backup "backup"', 'spec.lease.identity', backupFields({}))).toBe(
      'KANNERY_IDENTITY: is wrong',
    )
  })

  test('keeps the field where no option gave it', () => {
    expect(named('Backup "backup"', 'spec.other', backupFields({}))).toBe(
      'Backup "backup": spec.other: is wrong',
    )
  })

  test('names the option also while the job runs', () => {
    const field = 'KafkaCluster "kafka": spec.tls.ca'
    const error = new KanneryError('CONFIG_INVALID', `${field}: the file /ca holds nothing`, {
      facts: { field },
    })
    expect(namingOption(error, backupFields({}))).toMatchObject({
      message: '--from-tls-ca: the file /ca holds nothing',
      facts: { option: '--from-tls-ca' },
    })
    const other = new KanneryError('CONFIG_INVALID', 'another')
    expect(namingOption(other, backupFields({}))).toBe(other)
  })
})
