import type { Job } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { readFiles } from '../../documents/read-files.ts'
import { runJob } from './run-documents.ts'
import { runInTurn } from './run-in-turn.ts'
import { filesOption, reportOf } from './validate.ts'

export const applyCommand: CommandDeclaration = defineCommand({
  name: 'apply',
  summary: 'run the backups and restores that documents describe',
  description:
    'Runs each Backup and Restore of the files, one after the other in their order, with the Storage and the KafkaCluster that it names. Nothing runs before all documents are valid. One that fails does not keep the others from running; the command then ends with the exit status of the first error. A Backup without once follows its topics until Ctrl-C, so it must be the last.',
  arguments: {},
  options: { file: filesOption },
  examples: [
    'kannery apply -f nightly.yaml',
    'kannery backup --from localhost:9092 --to ./backups --topic orders --once --dry-run | kannery apply -f -',
  ],
  finishing: 'finishing what is open, as the command of its kind does',
  async run(invocation) {
    const { options, directory, terminal } = invocation
    const { invalidDocuments, jobsOf } = await import('@kannery/resources')
    const read = await readFiles(options.file, directory)
    if (read.problems.length > 0) {
      // The error has them as text alone.
      if (terminal.format === 'json') await terminal.result(reportOf(read), '')
      throw invalidDocuments(read.problems)
    }
    const jobs = jobsOf(read.documents.map(({ document }) => document))
    refuseUnreachable(jobs)
    await runInTurn(jobs, (job) => runJob(job, invocation, { named: true }), invocation)
  },
})

function refuseUnreachable(jobs: readonly Job[]): void {
  if (jobs.length === 0) {
    throw new KanneryError('CONFIG_INVALID', 'there is nothing to run', {
      why: 'the documents have no Backup and no Restore',
      remedy: 'Add one that names the Storage and the KafkaCluster.',
    })
  }
  const endless = jobs.slice(0, -1).find((job) => isEndless(job))
  if (endless === undefined || !('backup' in endless)) return
  const message = `Backup "${endless.backup.metadata.name}": what follows it would never run`
  throw new KanneryError('CONFIG_INVALID', message, {
    why: 'a Backup without once does not end',
    remedy: 'Write spec.once, or put it last.',
    facts: { field: 'spec.once' },
  })
}

function isEndless(job: Job): boolean {
  return 'backup' in job && job.backup.spec.once === undefined
}
