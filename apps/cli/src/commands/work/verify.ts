import { systemClock, type VerificationReport, verifyBackup } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { flag } from '../../options.ts'
import { formatBytes, formatCount, formatTable } from '../../terminal/format.ts'
import { formatLeftOut, formatRecords } from '../../terminal/holdings.ts'
import { Progress } from '../../terminal/progress.ts'
import { storageArgument, storageAt } from '../options/storage-options.ts'

export const verifyCommand: CommandDeclaration = defineCommand({
  name: 'verify',
  summary: 'read a whole backup and check every byte of it',
  description:
    'Reads every index, page and segment and checks every checksum. Reports the file and byte range of each damage, missing files that an index names, and files that no index names. Needs no Kafka.',
  arguments: {
    storage: storageArgument,
    topic: { description: 'only this topic', optional: true },
  },
  options: {
    shallow: flag({
      description: 'do not read the segments; check only that they exist and have the right size',
    }),
  },
  examples: ['kannery verify ./backups', 'kannery verify ./backups orders -o json'],
  async run(invocation) {
    const { options, terminal, signal } = invocation
    const { storage, topic } = invocation.arguments
    const progress = new Progress(terminal, 'verify', systemClock)
    const { report, error } = await verifyBackup({
      storage: await storageAt(storage, invocation),
      topic,
      depth: options.shallow ? 'shallow' : 'deep',
      signal,
      onProgress: (advance) => progress.update(advance),
    })
    await terminal.result(report, describe(report))
    if (report.findings.length === 0) {
      if (error !== undefined) throw error
      return
    }
    throw new KanneryError('DATA_CORRUPT', sentence(report), {
      why: 'the report names each of them',
      remedy:
        'kannery restore --skip-damaged restores all the rest. Keep the files: a damaged one may be repaired.',
      facts: { findings: report.findings.length },
    })
  },
})

function sentence({ findings }: VerificationReport): string {
  return findings.length === 1
    ? 'the backup is damaged in 1 place'
    : `the backup is damaged in ${findings.length} places`
}

function describe(report: VerificationReport): string {
  const { depth, topics, segments, bytes, findings, unnamed, failed } = report
  const rows = [
    ...findings.map(({ key, from, to, reason }) => {
      return ['DAMAGED', key, from === undefined ? 'all' : `${from}..${to}`, reason]
    }),
    ...failed.map(({ topic, code, message }) => [
      'NOT CHECKED',
      topic,
      'all',
      `${code}: ${message}`,
    ]),
    ...unnamed.map((key) => [
      'UNNAMED',
      key,
      'all',
      'no index names it; a restore does not see it',
    ]),
  ]
  const table = rows.length === 0 ? [] : [formatTable(['FINDING', 'OBJECT', 'BYTES', 'WHY'], rows)]
  const damage = findings.length === 0 ? 'nothing is damaged' : `${findings.length} findings`
  const result =
    failed.length === 0 ? damage : `${damage} there; ${formatCount(failed.length)} not checked`
  const read = depth === 'deep' ? `${formatBytes(bytes)} read` : 'segments not read'
  const sum = `checked ${formatCount(topics - failed.length)} topics, ${formatCount(segments)} segments, ${read}: ${result}`
  return [...table, sum, whatIsRestored(report)].join('\n')
}

/** What a restore would give: the checks say nothing about what was deleted. */
function whatIsRestored({ restorable, ...report }: VerificationReport): string {
  const { records, recordsExact, segments } = restorable
  const shown = formatRecords({ records, recordsExact, storedRecords: records })
  const leftOut = formatLeftOut(report)
  const gives = `a restore gives ${shown} records of ${formatCount(segments)} segments`
  return leftOut === '' ? gives : `${gives}; not restored: ${leftOut} (segments)`
}
