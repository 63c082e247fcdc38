import type { Backup } from './kinds/backup.ts'
import type { KafkaCluster } from './kinds/kafka-cluster.ts'
import type { Resource } from './kinds/kinds.ts'
import type { Restore } from './kinds/restore.ts'
import type { Storage } from './kinds/storage.ts'
import { nearestName } from './parsing/nearest-name.ts'
import { type DocumentProblem, invalidDocuments } from './parsing/problem.ts'

/** A Backup or a Restore with the documents that it refers to. */
export type Job =
  | { readonly backup: Backup; readonly storage: Storage; readonly kafkaCluster: KafkaCluster }
  | { readonly restore: Restore; readonly storage: Storage; readonly kafkaCluster: KafkaCluster }

/**
 * The jobs among the documents, in their order.
 *
 * @throws CONFIG_INVALID naming every reference that leads to no document
 */
export function jobsOf(documents: readonly Resource[]): readonly Job[] {
  const problems: DocumentProblem[] = []
  const jobs = documents.flatMap((job): readonly Job[] => {
    if (job.kind !== 'Backup' && job.kind !== 'Restore') return []
    const isNear = (other: Resource): boolean => other.metadata.namespace === job.metadata.namespace
    const near = documents.filter(isNear)
    const storages = near.filter((document) => document.kind === 'Storage')
    const clusters = near.filter((document) => document.kind === 'KafkaCluster')
    const storage = storages.find(({ metadata }) => metadata.name === job.spec.storage)
    const kafkaCluster = clusters.find(({ metadata }) => metadata.name === job.spec.kafkaCluster)
    if (storage === undefined) problems.push(missing(job, 'storage', storages))
    if (kafkaCluster === undefined) problems.push(missing(job, 'kafkaCluster', clusters))
    if (storage === undefined || kafkaCluster === undefined) return []
    return job.kind === 'Backup'
      ? [{ backup: job, storage, kafkaCluster }]
      : [{ restore: job, storage, kafkaCluster }]
  })
  if (problems.length > 0) throw invalidDocuments(problems)
  return jobs
}

function missing(
  { kind, metadata, spec }: Backup | Restore,
  field: 'storage' | 'kafkaCluster',
  candidates: readonly Resource[],
): DocumentProblem {
  const wanted = field === 'storage' ? 'Storage' : 'KafkaCluster'
  const names = candidates.map((candidate) => candidate.metadata.name)
  const nearest = nearestName(spec[field], names)
  return {
    source: undefined,
    line: undefined,
    document: `${kind} ${JSON.stringify(metadata.name)}`,
    field: `spec.${field}`,
    wrong: `there is no ${wanted} ${JSON.stringify(spec[field])}`,
    right:
      nearest === undefined
        ? `Add a ${wanted} of this name to the documents.`
        : `Is ${JSON.stringify(nearest)} meant?`,
  }
}
