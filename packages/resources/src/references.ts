import type { Backup } from './kinds/backup.ts'
import type { KafkaCluster } from './kinds/kafka-cluster.ts'
import type { Resource } from './kinds/kinds.ts'
import type { Restore } from './kinds/restore.ts'
import type { Storage } from './kinds/storage.ts'
import type { FieldProblem } from './parsing/find-problems.ts'
import { type Identity, keyOf, labelOf } from './parsing/identity.ts'
import { nearestName } from './parsing/nearest-name.ts'
import { type DocumentProblem, formatPath, invalidDocuments } from './parsing/problem.ts'

/** A Backup or a Restore with the documents that it refers to. */
export type Job =
  | { readonly backup: Backup; readonly storage: Storage; readonly kafkaCluster: KafkaCluster }
  | { readonly restore: Restore; readonly storage: Storage; readonly kafkaCluster: KafkaCluster }

/**
 * The jobs among the documents, in their order.
 *
 * @throws CONFIG_INVALID naming every reference that leads to no document, or to more than one
 */
export function jobsOf(documents: readonly Resource[]): readonly Job[] {
  const byKey = new Map<string, Resource>()
  const problems: DocumentProblem[] = []
  for (const document of documents) {
    const key = keyOf(identityOfResource(document))
    if (byKey.has(key)) problems.push(withoutPlace(document, duplicate))
    else byKey.set(key, document)
  }
  const names = knownNames(documents.map(identityOfResource))
  const jobs = documents.filter(isJobDocument).flatMap((job): readonly Job[] => {
    problems.push(...danglingReferences(job, names).map((dangling) => withoutPlace(job, dangling)))
    const storage = byKey.get(keyOf(referenceOf(job, 'storage')))
    const kafkaCluster = byKey.get(keyOf(referenceOf(job, 'kafkaCluster')))
    if (storage?.kind !== 'Storage' || kafkaCluster?.kind !== 'KafkaCluster') return []
    return job.kind === 'Backup'
      ? [{ backup: job, storage, kafkaCluster }]
      : [{ restore: job, storage, kafkaCluster }]
  })
  if (problems.length > 0) throw invalidDocuments(problems)
  return jobs
}

export function isJobDocument(document: Resource): document is Backup | Restore {
  return document.kind === 'Backup' || document.kind === 'Restore'
}

/** Names of documents by kind and namespace. */
export type KnownNames = ReadonlyMap<string, ReadonlySet<string>>

export function knownNames(identities: readonly Identity[]): KnownNames {
  const names = new Map<string, Set<string>>()
  for (const identity of identities) {
    const group = groupOf(identity)
    const others = names.get(group)
    if (others === undefined) names.set(group, new Set([identity.name]))
    else others.add(identity.name)
  }
  return names
}

/** A problem for each field of a Backup or Restore that refers to none of the known documents. */
export function danglingReferences(
  job: Backup | Restore,
  names: KnownNames,
): readonly FieldProblem[] {
  return (['storage', 'kafkaCluster'] as const).flatMap((field) => {
    const { kind, namespace, name } = referenceOf(job, field)
    const known = names.get(groupOf({ kind, namespace })) ?? new Set()
    if (known.has(name)) return []
    const nearest = known.size > mostNames ? undefined : nearestName(name, [...known])
    return [
      {
        path: ['spec', field],
        wrong: `there is no ${kind} ${JSON.stringify(name)}`,
        right:
          nearest === undefined
            ? `Add a ${kind} of this name to the documents.`
            : `Did you mean ${JSON.stringify(nearest)}?`,
      },
    ]
  })
}

/** Among more names, the search for a near one is slow, and some name is near to any other. */
const mostNames = 100

const duplicate: FieldProblem = {
  path: ['metadata', 'name'],
  wrong: 'another document of this kind has the same name',
  right: 'Give each document of a kind its own name.',
}

function referenceOf(
  { metadata: { namespace }, spec }: Backup | Restore,
  field: 'storage' | 'kafkaCluster',
): Identity {
  const kind = field === 'storage' ? 'Storage' : 'KafkaCluster'
  return { kind, namespace, name: spec[field] }
}

function identityOfResource({ kind, metadata: { namespace, name } }: Resource): Identity {
  return { kind, namespace, name }
}

function groupOf({ kind, namespace }: Omit<Identity, 'name'>): string {
  return JSON.stringify([kind, namespace])
}

function withoutPlace(document: Resource, { path, wrong, right }: FieldProblem): DocumentProblem {
  return {
    source: undefined,
    line: undefined,
    document: labelOf(document) ?? document.kind,
    field: formatPath(path),
    wrong,
    right,
  }
}
