import type { DocumentProblem, ReadTexts, SourcedDocument } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { readFiles } from '../../documents/read-files.ts'
import { type Option, text } from '../../options.ts'

/** Option that names files of documents. */
export const filesOption: Option<readonly string[]> = text({
  short: 'f',
  value: 'file',
  description: 'a file of documents as YAML or JSON; - for the standard input',
  repeatable: true,
  required: true,
})

export const validateCommand: CommandDeclaration = defineCommand({
  name: 'validate',
  summary: 'check documents without running them',
  description:
    'Reads documents (Storage, KafkaCluster, Backup, Restore) and reports every field that is wrong: what is wrong with it, and what is right. All files count together: a name that two documents of a kind have is wrong, and so is a reference to a Storage or a KafkaCluster that is in none of them. Neither storages nor brokers are asked.',
  arguments: {},
  options: { file: filesOption },
  examples: [
    'kannery validate -f nightly.yaml',
    'kannery validate -f storages.yaml -f backups.yaml',
    'kannery backup --from localhost:9092 --to ./backups --topic orders --dry-run | kannery validate -f -',
  ],
  async run({ options, directory, terminal }) {
    const read = await readFiles(options.file, directory)
    const report = reportOf(read)
    await terminal.result(report, await describe(report))
    if (read.problems.length > 0) throw invalid(read.problems)
  },
})

/** What the check of documents found, as the documented fields of `-o json`. */
interface ValidationReport {
  readonly documents: readonly ValidDocument[]
  readonly problems: readonly DocumentProblem[]
}

interface ValidDocument {
  readonly source: string | undefined
  readonly kind: string
  readonly name: string
}

export function reportOf({ documents, problems }: ReadTexts): ValidationReport {
  return { documents: documents.map(entryOf), problems }
}

function entryOf({ source, document: { kind, metadata } }: SourcedDocument): ValidDocument {
  return { source, kind, name: metadata.name }
}

async function describe({ documents, problems }: ValidationReport): Promise<string> {
  const { formatProblem } = await import('@kannery/resources')
  return [
    ...documents.map(({ source, kind, name }) => `${source}: ${kind} "${name}" is valid`),
    ...problems.map(formatProblem),
  ].join('\n')
}

function invalid({ length }: readonly DocumentProblem[]): KanneryError {
  const message = `the documents have ${length === 1 ? '1 problem' : `${length} problems`}`
  return new KanneryError('CONFIG_INVALID', message, {
    why: 'each is named in the report above',
    remedy: 'Correct each of them.',
    facts: { problems: length },
  })
}
