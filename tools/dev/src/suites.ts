/** What a part of the tests is about. */
export type Subject =
  | 'repository'
  | 'storages'
  | 'durability'
  | 'kafka'
  | 'command line'
  | 'backup and restore'

export interface Suite {
  /** As in `./dev test NAME`. */
  readonly name: string
  readonly subject: Subject
  /** Folder in which vitest runs, from the root of the repository. */
  readonly folder: string
  /** A vitest project of that folder. Defaults to all of them. */
  readonly project?: string
  /** Whether it runs the built command line. */
  readonly needsBuild?: boolean
}

/** Every suite, in the order in which they run: what is quick and basic first. */
export const suites: readonly Suite[] = [
  { name: 'storage', subject: 'storages', folder: 'packages/storage' },
  { name: 'storage-testkit', subject: 'storages', folder: 'packages/storage-testkit' },
  { name: 'core', subject: 'durability', folder: 'packages/core' },
  { name: 'resources', subject: 'command line', folder: 'packages/resources' },
  { name: 'runtime', subject: 'command line', folder: 'packages/runtime' },
  { name: 'cli', subject: 'command line', folder: 'apps/cli' },
  { name: 'backend-volume', subject: 'storages', folder: 'packages/backend-volume' },
  { name: 'backend-s3', subject: 'storages', folder: 'packages/backend-s3' },
  { name: 'backend-gcs', subject: 'storages', folder: 'packages/backend-gcs' },
  { name: 'backend-azure', subject: 'storages', folder: 'packages/backend-azure' },
  { name: 'kafka', subject: 'kafka', folder: 'packages/kafka' },
  { name: 'servers', subject: 'repository', folder: 'testing', project: 'servers' },
  { name: 'checker', subject: 'repository', folder: 'testing', project: 'checker' },
  { name: 'dev', subject: 'repository', folder: 'tools/dev' },
  { name: 'format', subject: 'durability', folder: 'e2e', project: 'format' },
  {
    name: 'repository',
    subject: 'repository',
    folder: 'e2e',
    project: 'repository',
    needsBuild: true,
  },
  { name: 'bench', subject: 'repository', folder: 'bench', needsBuild: true },
  {
    name: 'backup-and-restore',
    subject: 'backup and restore',
    folder: 'e2e',
    project: 'backup-and-restore',
    needsBuild: true,
  },
  {
    name: 'durability',
    subject: 'durability',
    folder: 'e2e',
    project: 'durability',
    needsBuild: true,
  },
  { name: 'plugins', subject: 'storages', folder: 'e2e', project: 'plugins', needsBuild: true },
  {
    name: 'e2e-storages',
    subject: 'storages',
    folder: 'e2e',
    project: 'storages',
    needsBuild: true,
  },
]

/** Names for several suites at once. */
const groups: Readonly<Record<string, readonly string[]>> = {
  testing: ['servers', 'checker'],
  backends: ['backend-volume', 'backend-s3', 'backend-gcs', 'backend-azure'],
}

/**
 * The suites that a word names: a suite's own name, a group or a subject, in this order. undefined
 * when it names none.
 */
export function suitesNamed(word: string): readonly Suite[] | undefined {
  const names = groups[word] ?? [word]
  const named = suites.filter(({ name }) => names.includes(name))
  const found = named.length > 0 ? named : suites.filter(({ subject }) => subject === word)
  return found.length === 0 ? undefined : found
}

export const suiteWords: readonly string[] = [
  ...suites.map(({ name }) => name),
  ...Object.keys(groups),
]
