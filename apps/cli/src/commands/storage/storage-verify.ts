import { type CheckedPromise, type StorageVerification, verifyStorage } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { formatTable } from '../../terminal/format.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const storageVerifyCommand: CommandDeclaration = defineCommand({
  name: 'storage verify',
  summary: 'check every promise that a storage has to keep',
  description:
    'Runs the contract tests of all Kannery backends against your own storage, under a scratch prefix that is removed afterwards. Reports which promises are kept, not offered or broken, what to do about it, and how long the operations took.',
  arguments: { storage: storageArgument },
  options: {},
  examples: [
    'kannery storage verify s3://bucket/prefix',
    'kannery storage verify ./backups -o json',
  ],
  finishing: 'cleaning up what was written for the check',
  async run(invocation) {
    const { terminal, signal } = invocation
    const { storage } = invocation.arguments
    const report = await verifyStorage({
      storage: await storageAt(storage, invocation),
      signal,
      onProgress(done, total) {
        if (terminal.interactive) terminal.progress(`${done} of ${total} promises checked`, {})
      },
    })
    await terminal.result(report, describe(report))
    const broken = report.promises.filter(({ result }) => result === 'broken')
    if (broken.length === 0) return
    throw new KanneryError(
      'STORAGE_UNSUPPORTED',
      broken.length === 1
        ? 'this storage breaks 1 promise'
        : `this storage breaks ${broken.length} promises`,
      { why: 'the report names each of them', facts: { broken: broken.length } },
    )
  },
})

function describe({
  location,
  type,
  promises,
  latencies,
  leftBehind,
}: StorageVerification): string {
  const notes = promises.flatMap(({ promise, result, reason, remedy }) =>
    result === 'broken' ? ['', `${promise}`, `  why       ${reason}`, `  what now  ${remedy}`] : [],
  )
  return [
    `${location} (${type})`,
    '',
    formatTable(['RESULT', 'PROMISE', 'TIME'], promises.map(row)),
    ...notes,
    '',
    formatTable(
      ['OPERATION', 'COUNT', 'MEDIAN', '99 %'],
      latencies.map(({ operation, count, medianMs, p99Ms }) => [
        operation,
        String(count),
        milliseconds(medianMs),
        milliseconds(p99Ms),
      ]),
    ),
    ...leftBehind.map((key) => `left behind: ${key}`),
  ].join('\n')
}

function row({ promise, result, durationMs }: CheckedPromise): string[] {
  return [result === 'broken' ? 'BROKEN' : result, promise, milliseconds(durationMs)]
}

function milliseconds(duration: number): string {
  return `${duration < 10 ? duration.toFixed(1) : Math.round(duration)} ms`
}
