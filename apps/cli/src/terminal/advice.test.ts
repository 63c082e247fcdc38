import { type Advice, type AdviceId, type ErrorCode, errorCodes } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { commands } from '../commands/commands.ts'
import { optionsOf } from '../program.ts'
import { whatToDo, withShellWords } from './advice.ts'

/** One of each: a new id does not compile until it is here. */
const advices: { readonly [Id in AdviceId]: Extract<Advice, { readonly id: Id }> | Advice } = {
  'report-defect': { id: 'report-defect' },
  'debug-protocol': { id: 'debug-protocol' },
  'list-backups': { id: 'list-backups' },
  'verify-backup': { id: 'verify-backup', finding: 'damage' },
  'wait-or-break-lease': { id: 'wait-or-break-lease', topic: 'orders' },
  'list-leases': { id: 'list-leases', storage: './backups' },
  'rebuild-index': { id: 'rebuild-index', topic: 'orders', state: 'missing' },
  'accept-or-rebuild-index': { id: 'accept-or-rebuild-index', topic: 'orders' },
  'list-holds': { id: 'list-holds', topic: 'orders' },
  'list-points': { id: 'list-points', topic: 'orders' },
  'rename-point': { id: 'rename-point', topic: 'orders', name: 'monday' },
  'allow-operation': {
    id: 'allow-operation',
    operation: 'Read',
    resource: { kind: 'topic', name: 'orders' },
  },
  'end-transaction': { id: 'end-transaction', topic: 'orders', partition: 1, startOffset: 7 },
  'choose-empty-target': { id: 'choose-empty-target' },
  'fit-partitions': { id: 'fit-partitions', topic: 'orders' },
  'choose-retention': { id: 'choose-retention', topic: 'orders', setting: 'retention.ms' },
  'correct-findings': { id: 'correct-findings', findings: [] },
  'restart-restore': {
    id: 'restart-restore',
    first: { remedy: 'Look.' },
    topic: 'orders',
    records: 1,
    expected: 2,
  },
  'choose-storage-url': { id: 'choose-storage-url', schemes: ['file', 's3'] },
  'install-plugin': { id: 'install-plugin', package: '@kannery/backend-s3' },
  'reinstall-plugin': { id: 'reinstall-plugin', package: '@kannery/backend-s3' },
  'update-plugin': { id: 'update-plugin', package: '@kannery/backend-s3' },
  'repair-plugin-folder': { id: 'repair-plugin-folder', folder: '/srv/plugins' },
}

const remedy = 'Do what is right.'
const texts = Object.values(advices).map((advice) => [advice.id, whatToDo({ remedy, advice })])

describe('advice in the words of a shell', () => {
  test.each(texts)('%s names only commands that exist', (_id, text) => {
    const named = [...text.matchAll(/\bkannery ([a-z]+(?: [a-z]+)?)/g)].map(
      ([, words = '']) => words,
    )
    const known = (words: string): boolean =>
      commands.some(({ name }) => words === name || words.startsWith(`${name} `))

    expect(named.filter((words) => !known(words) && words !== 'was installed')).toEqual([])
  })

  test.each(texts)('%s names only options that exist', (_id, text) => {
    const ours = text.replaceAll(/(?:kafka-\w+|npm|pnpm) [^;]*/g, '')
    const named = [...ours.matchAll(/--([a-z-]+)/g)].map(([, name]) => name)
    const known = new Set(commands.flatMap(optionsOf).map(({ name }) => name))

    expect(named.filter((name) => name === undefined || !known.has(name))).toEqual([])
  })

  test('has the storage and topic of a command where they are known, else says where they go', () => {
    const advice = { id: 'wait-or-break-lease', topic: 'orders' } as const

    expect(whatToDo({ remedy, advice })).toContain('kannery lease break <storage> orders')
    expect(whatToDo({ remedy, advice: { ...advice, storage: 's3://b/p' } })).toContain(
      'kannery lease break s3://b/p orders',
    )
  })

  test('about a missing plugin says exactly what to install', () => {
    expect(whatToDo({ remedy, advice: advices['install-plugin'] })).toMatch(
      /\nnpm install --global @kannery\/backend-s3\npnpm add --global @kannery\/backend-s3\nkannery plugin add @kannery\/backend-s3$/,
    )
  })

  test('about an open transaction has the command that aborts it', () => {
    expect(whatToDo({ remedy, advice: advices['end-transaction'] })).toContain(
      "kafka-transactions abort --topic 'orders' --partition 1 --start-offset 7;",
    )
  })

  test('names the resource of a missing permission as kafka-acls takes it', () => {
    expect(whatToDo({ remedy, advice: advices['allow-operation'] })).toBe(
      "Allow it: kafka-acls --bootstrap-server … --add --allow-principal User:NAME --operation Read --topic 'orders'",
    )
  })

  test('about a restore that failed says what it left in its target', () => {
    const first = { remedy, advice: advices['choose-empty-target'] }
    const advice = {
      id: 'restart-restore',
      first,
      topic: 'copy',
      records: 4,
      expected: 10,
    } as const

    expect(whatToDo({ remedy, advice })).toBe(
      'Restore under another name (--as), or delete the records in the target first. Topic "copy" holds 4 records of about 10: delete it before you restore again.',
    )
    expect(whatToDo({ remedy, advice: { ...advice, records: 0 } })).toMatch(
      /first\. Nothing was written into topic "copy" yet\.$/,
    )
  })

  test('about several findings says what to do about each', () => {
    const findings = [{ remedy: 'Add replicas.' }, { remedy, advice: advices['fit-partitions'] }]

    expect(whatToDo({ remedy, advice: { id: 'correct-findings', findings } })).toBe(
      [
        'Nothing was written. Correct each finding, then restore again:',
        '1. Add replicas.',
        '2. Add partitions to the topic, restore under another name (--as), or restore fewer partitions.',
      ].join('\n'),
    )
  })

  test('is the remedy where there is no advice', () => {
    expect(whatToDo({ remedy })).toBe(remedy)
  })
})

describe('advice and remedies', () => {
  test('no remedy of an error code names an option or a command: other front ends show it, too', () => {
    const codes = Object.keys(errorCodes) as ErrorCode[]

    expect(codes.filter((code) => /--[a-z]|kannery [a-z]/.test(errorCodes[code].remedy))).toEqual(
      [],
    )
  })

  test('what a report keeps of an error has the words of a shell, and the advice for programs', () => {
    const advice = advices['rename-point']
    const failed = { topic: 'orders', code: 'CONFIG_INVALID', remedy, advice }

    expect(withShellWords(failed)).toEqual({ ...failed, remedy: whatToDo({ remedy, advice }) })
    expect(withShellWords({ topic: 'orders', remedy })).toEqual({ topic: 'orders', remedy })
  })
})
