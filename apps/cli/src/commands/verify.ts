import { type VerificationReport, verifyBackup } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import type { CommandDeclaration, Invocation } from '../command.ts'
import { formatBytes, formatCount } from '../terminal/format.ts'
import { storageAt } from './storage-options.ts'

export const verifyCommand: CommandDeclaration = {
  name: 'verify',
  summary: 'read a whole backup and check every byte of it',
  description:
    'Reads every index and every segment, checks every checksum, and names the file and the byte range of each damage. Needs no Kafka.',
  arguments: [
    { name: 'storage', description: 'a folder or a URL such as s3://bucket/prefix' },
    { name: 'topic', description: 'only this topic', optional: true },
  ],
  options: [],
  examples: ['kannery verify ./backups', 'kannery verify ./backups orders -o json'],
  run,
}

async function run({ arguments: [storage = '', topic], terminal, directory, signal }: Invocation): Promise<void> {
  const report = await verifyBackup({ storage: storageAt(storage, directory), topic, signal })
  await terminal.result(report, describe(report))
  if (report.findings.length > 0) {
    throw new KanneryError('DATA_CORRUPT', `the backup is damaged in ${report.findings.length} places`, {
      why: 'each place is named in the report above',
      remedy: 'Restore with --skip-damaged gives back all the rest. Keep the files: a damaged one may be repaired.',
      facts: { findings: report.findings.length },
    })
  }
}

function describe(report: VerificationReport): string {
  const findings = report.findings.map(({ key, from, to, reason }) =>
    from === undefined ? `DAMAGED  ${key}: ${reason}` : `DAMAGED  ${key} bytes ${from}..${to}: ${reason}`,
  )
  const unnamed = report.unnamed.map((key) => `UNNAMED  ${key}: no index names it; a restore does not see it`)
  const sum = `checked ${formatCount(report.topics)} topics, ${formatCount(report.segments)} segments, ${formatBytes(report.bytes)}: ${report.findings.length === 0 ? 'all is well' : `${report.findings.length} findings`}`
  return [...findings, ...unnamed, sum].join('\n')
}
