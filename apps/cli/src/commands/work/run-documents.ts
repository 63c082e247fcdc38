import type { Backup, Job, ResourceDocument, Restore } from '@kannery/resources'
import { pluginSources, runBackup, runRestore, systemClock } from '@kannery/runtime'
import type { CommandContext } from '../../command.ts'
import { type FieldOptions, invalidOptions, namingOption } from '../../documents/field-options.ts'
import { flag, type Option } from '../../options.ts'
import { describeBackup } from '../../terminal/backup-report.ts'
import { Progress } from '../../terminal/progress.ts'
import { describePlans, describeRestore } from '../../terminal/restore-report.ts'

type BackupJob = Extract<Job, { readonly backup: unknown }>
type RestoreJob = Extract<Job, { readonly restore: unknown }>

/** Option of a command that can print the documents that its options mean. */
export const dryRunOption: Option<boolean> = flag({
  description: 'print the documents that the options mean, for kannery apply, and do nothing else',
})

/**
 * Runs the documents that options mean, or prints them.
 *
 * @throws CONFIG_INVALID naming options instead of fields; what the jobs throw
 */
export async function runOrPrint(
  documents: readonly ResourceDocument[],
  { dryRun, fields }: { readonly dryRun: boolean; readonly fields: FieldOptions },
  context: CommandContext,
): Promise<void> {
  const { formatDocuments, jobsOf, listOf, readDocument } = await import('@kannery/resources')
  const read = documents.map((document) => readDocument(document))
  const problems = read.flatMap((each) => each.problems)
  if (problems.length > 0) throw invalidOptions(problems, fields)
  const jobs = jobsOf(read.flatMap((each) => each.documents))
  if (dryRun) {
    await context.terminal.result(listOf(documents), formatDocuments(documents).trimEnd())
    return
  }
  try {
    for (const job of jobs) await runJob(job, context)
  } catch (thrown) {
    throw namingOption(thrown, fields)
  }
}

/** The document that describes a job. */
export function documentOf(job: Job): Backup | Restore {
  return 'backup' in job ? job.backup : job.restore
}

/** What a document is called: `Backup "nightly"`. */
export function labelOf({ kind, metadata }: Backup | Restore): string {
  return `${kind} "${metadata.name}"`
}

/** Runs a Backup or a Restore, and prints its report. @param named says of which document it is. */
export async function runJob(
  job: Job,
  context: CommandContext,
  { named = false }: { readonly named?: boolean } = {},
): Promise<void> {
  const document = documentOf(job)
  const { kind, metadata } = document
  const show = async (report: object, text: string): Promise<void> => {
    if (!named) return await context.terminal.result(report, text)
    const entry = { kind, name: metadata.name, ...report }
    await context.terminal.result(entry, `${labelOf(document)}\n${text}`)
  }
  if ('backup' in job) await runBackupJob(job, context, show)
  else await runRestoreJob(job, context, show)
}

type ShowReport = (report: object, text: string) => Promise<void>

async function runBackupJob(
  job: BackupJob,
  { app, terminal, environment, signal }: CommandContext,
  show: ShowReport,
): Promise<void> {
  const progress = new Progress(terminal, 'backup', systemClock)
  const once = job.backup.spec.once !== undefined
  if (!once) terminal.note('following the topics; Ctrl-C commits what is open and ends it')
  const { report, error } = await runBackup(job, {
    plugins: pluginSources(environment, app),
    environment,
    signal,
    observer: {
      onProgress: ({ records, bytes, total }) =>
        progress.update({ records, bytes, total: once ? total : undefined }),
      onWarning: (warning) => terminal.warning(warning),
      onNote: (text) => terminal.note(text),
    },
  })
  await show(report, describeBackup(report))
  // A backup without an end is ended by an interruption; one that should have stored all was cut
  // short by it.
  if (error !== undefined) throw error
  if (once) signal.throwIfAborted()
}

async function runRestoreJob(
  job: RestoreJob,
  { app, terminal, environment, signal }: CommandContext,
  show: ShowReport,
): Promise<void> {
  const progress = new Progress(terminal, 'restore', systemClock)
  const { report, error } = await runRestore(job, {
    plugins: pluginSources(environment, app),
    environment,
    signal,
    observer: {
      onPlanned: (plans) => {
        for (const note of describePlans(plans)) terminal.note(note)
      },
      onProgress: (advance) => progress.update(advance),
      onWarning: (warning) => terminal.warning(warning),
      onNote: (text) => terminal.note(text),
    },
  })
  await show(report, describeRestore(report))
  if (error !== undefined) throw error
}
