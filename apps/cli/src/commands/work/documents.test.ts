import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseDocuments } from '@kannery/resources'
import { describe, expect, test } from 'vitest'
import { kannery, kanneryWith, temporaryFolder } from '../../../test/command-line.ts'

const backup = '--from on:9092 --to /srv/backups --topic on --topic yes'
const restore =
  '--from /srv/backups --to on:9092 --topic on --topic no --partition 0 --partition 3 --drop-headers y --prefix 1_ --since 0ms --until 2026-11-23'

describe('the documents that a dry run prints', () => {
  test.each([
    ['backup', backup.split(' ')],
    ['restore', restore.split(' ')],
  ])('are those of %s in both formats, and valid', async (command, options) => {
    const yaml = await kannery(command, ...options, '--dry-run', '-o', 'yaml')
    const json = await kannery(command, ...options, '--dry-run', '-o', 'json')

    expect(JSON.parse(json.stdout)).toMatchObject({ apiVersion: 'v1', kind: 'List' })
    expect(parseDocuments(yaml.stdout)).toHaveLength(3)
    expect(parseDocuments(json.stdout)).toEqual(parseDocuments(yaml.stdout))
    for (const { stdout } of [yaml, json]) {
      expect(await kanneryWith(stdout, 'validate', '-f', '-')).toMatchObject({ status: 0 })
    }
  })

  test('are the same for a list with commas as for repeated options', async () => {
    const base = ['restore', '--from', '/srv/backups', '--to', 'a:9092', '--dry-run']
    const short = '-t a,b,e,g --exclude c,d -p 0,3 --drop-headers x,y --map e=f,g=h'
    const long =
      '-t a -t b -t e -t g --exclude c --exclude d -p 0 -p 3 --drop-headers x --drop-headers y --map e=f --map g=h'
    const { status, stdout } = await kannery(...base, ...short.split(' '))

    expect(status).toBe(0)
    expect(stdout).toBe((await kannery(...base, ...long.split(' '))).stdout)
  })
})

describe('options that are wrong', () => {
  test.each([
    ['backup', '--memory 1B', '--memory: is less than 16MiB'],
    ['backup', '--exclude a/b', '--exclude: not a topic or pattern: "a/b"'],
    ['backup', '--topic /(/', '--topic: not a regular expression: "/(/"'],
    ['restore', '--as a/b', '--as: "a/b" is not a topic\'s name'],
    ['restore', '--map on=a/b', '--map: "a/b" is not a topic\'s name'],
    ['restore', '--topic x --map on=x', '--map: topic "on" is restored into "x", as topic "x" is'],
    ['restore', '-p 1 -p 1', '--partition: names a partition twice'],
  ])('of %s, as %s, are named instead of fields', async (command, option, message) => {
    const words = command === 'backup' ? backup : '--from /srv/backups --to on:9092 --topic on'
    const line = [command, ...words.split(' '), ...option.split(' '), '--dry-run', '-o', 'json']
    const { status, stdout, stderr } = await kannery(...line)

    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(JSON.parse(stderr)).toMatchObject({
      error: { message, facts: { option: message.split(':')[0] } },
    })
  })

  test('are all named, each with what is right', async () => {
    const { stderr } = await kannery('backup', ...backup.split(' '), '--memory=1B', '--metrics=x')

    expect(stderr).toContain('the options have 2 problems')
    expect(stderr).toMatch(/--memory: is less than 16MiB\. Write 16MiB.*\n.*--metrics: "x" is not/)
    expect(stderr).not.toContain('spec.')
  })
})

describe('files that the options of a connection name', () => {
  test.each([
    ['--from a:1 --from-tls-ca none.pem', '--from-tls-ca', /none\.pem cannot be read$/],
    ['--from-config none.properties', '--from-config', /none\.properties cannot be read$/],
    ['--from-config empty.properties', '--from-config', /names no broker$/],
    [
      '--from a:1 --from-sasl-mechanism PLAIN --from-sasl-username me --from-sasl-password-file none',
      '--from-sasl-password-file',
      /none cannot be read$/,
    ],
    [
      '--from a:1 --from-sasl-mechanism PLAIN --from-sasl-username me',
      'KANNERY_SASL_PASSWORD',
      /holds nothing$/,
    ],
  ])('are checked, as with %s, and errors name the option', async (options, option, wrong) => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'empty.properties'), '')
    const words = options.replaceAll(/(?<= )(?=none|empty)/g, `${folder.path}/`)
    const line = `backup ${words} --to ${folder.path} --topic a --once -o json`
    const { status, stderr } = await kannery(...line.split(' '))

    expect(status).toBe(2)
    const { error } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '')
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', facts: { option } })
    expect(error.message.startsWith(`${option}: `)).toBe(true)
    expect(error.message).toMatch(wrong)
  })
})

describe('documents that are wrong', () => {
  const wrong =
    '{apiVersion: kannery.io/v1alpha1, kind: Storage, metadata: {name: a}, spec: {folder: {path: a, acess: group}}}'

  test.each(['validate', 'apply'])(
    'are reported by kannery %s with each problem as JSON',
    async (command) => {
      const { status, stdout, stderr } = await kanneryWith(wrong, command, '-f', '-', '-o', 'json')

      expect(status).toBe(2)
      expect(JSON.parse(stdout)).toMatchObject({
        documents: [],
        problems: [
          { source: 'stdin', line: 1, field: 'spec.folder.path' },
          { source: 'stdin', line: 1, field: 'spec.folder.acess' },
        ],
      })
      expect(JSON.parse(stderr)).toMatchObject({ error: { facts: { problems: 2 } } })
    },
  )

  test('are found in all files together', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [join(folder.path, 'one.yaml'), join(folder.path, 'two.yaml')]
    const { stdout } = await kannery('backup', ...backup.split(' '), '--dry-run')
    const [storage = '', cluster = '', job = ''] = stdout.split('---\n')
    await writeFile(one, `${storage}---\n${job}`)
    await writeFile(two, `${cluster}---\n${storage}`)

    expect(await kannery('validate', '-f', one)).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(
        /one\.yaml:\d+: Backup "backup": spec\.kafkaCluster: there is no KafkaCluster "kafka"/,
      ),
    })
    expect(await kannery('validate', '-f', one, '-f', two)).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(/two\.yaml:\d+: Storage "storage": metadata\.name: another/),
    })
  })

  test('are not looked for in a file without a name', async () => {
    expect(await kannery('validate', '-f', '')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--file: the value is empty'),
    })
  })
})
