import type { DocumentProblem } from '@kannery/resources'
import { KanneryError } from '@kannery/storage'
import { identityVariable } from './backup.ts'
import {
  type KafkaConnectionFlags,
  keyPassphraseVariable,
  passwordVariable,
} from './kafka-cluster.ts'
import { credentialsVariable } from './storage.ts'

/**
 * What gives each field of the documents of a command: an option, or an environment variable. By
 * the kind of the document and the path of the field; one that is not named is part of the nearest
 * field around it that is.
 */
export type FieldOptions = Readonly<Record<string, string>>

type GivenOptions = Pick<KafkaConnectionFlags, 'saslPasswordFile'> & {
  readonly as?: string | undefined
  readonly identity?: string | undefined
}

/** @param given the options of a command line that others, or the environment, may stand for */
export function backupFields(given: GivenOptions): FieldOptions {
  return {
    ...storageFields('--to'),
    ...kafkaFields('--from', given),
    'Backup.spec.topics': '--topic',
    'Backup.spec.excludeTopics': '--exclude',
    'Backup.spec.once': '--once',
    'Backup.spec.once.transactionPatience': '--transaction-patience',
    'Backup.spec.codec': '--codec',
    'Backup.spec.segment.maxSize': '--segment-size',
    'Backup.spec.segment.maxAge': '--segment-age',
    'Backup.spec.memory': '--memory',
    'Backup.spec.lease.ttl': '--lease-ttl',
    'Backup.spec.lease.wait': '--wait',
    'Backup.spec.lease.identity': given.identity === undefined ? identityVariable : '--identity',
    'Backup.spec.retention': '--retention',
    'Backup.spec.metrics': '--metrics',
  }
}

/** @param given as for {@link backupFields} */
export function restoreFields(given: GivenOptions): FieldOptions {
  return {
    ...storageFields('--from'),
    ...kafkaFields('--to', given),
    'Restore.spec.topics': '--topic',
    'Restore.spec.topics.target': given.as === undefined ? '--map' : '--as',
    'Restore.spec.topics.partitions': '--partition',
    'Restore.spec.topics.incarnation': '--incarnation',
    'Restore.spec.excludeTopics': '--exclude',
    'Restore.spec.prefix': '--prefix',
    'Restore.spec.suffix': '--suffix',
    'Restore.spec.parallelism': '--parallelism',
    'Restore.spec.since': '--since',
    'Restore.spec.until': '--until',
    'Restore.spec.replicationFactor': '--replication-factor',
    'Restore.spec.retention': '--retention',
    'Restore.spec.dropHeaders': '--drop-headers',
    'Restore.spec.originalOffsetHeader': '--original-offset-header',
    'Restore.spec.verify': '--verify',
    'Restore.spec.skipDamaged': '--skip-damaged',
  }
}

function storageFields(option: string): FieldOptions {
  return { 'Storage.spec': option, 'Storage.spec.credentials': credentialsVariable }
}

function kafkaFields(option: string, { saslPasswordFile }: GivenOptions): FieldOptions {
  return {
    'KafkaCluster.spec.bootstrapServers': option,
    'KafkaCluster.spec.clientProperties': `${option}-config`,
    'KafkaCluster.spec.tls': `${option}-tls`,
    'KafkaCluster.spec.tls.ca': `${option}-tls-ca`,
    'KafkaCluster.spec.tls.certificate': `${option}-tls-certificate`,
    'KafkaCluster.spec.tls.key': `${option}-tls-key`,
    'KafkaCluster.spec.tls.keyPassphrase': keyPassphraseVariable,
    'KafkaCluster.spec.sasl.mechanism': `${option}-sasl-mechanism`,
    'KafkaCluster.spec.sasl.username': `${option}-sasl-username`,
    'KafkaCluster.spec.sasl.password':
      saslPasswordFile === undefined ? passwordVariable : `${option}-sasl-password-file`,
  }
}

/** The problems of documents that options mean, as one error that names the options. */
export function invalidOptions(
  problems: readonly DocumentProblem[],
  fields: FieldOptions,
): KanneryError {
  const named = problems.map(({ document, field, wrong, right }) => {
    const option = optionOf(document, field, fields)
    return { option, message: `${option ?? `${document}: ${field}`}: ${wrong}`, right }
  })
  const [first, ...others] = named
  if (first === undefined || others.length > 0) {
    return new KanneryError('CONFIG_INVALID', `the options have ${named.length} problems`, {
      why: named.map(({ message, right }) => `${message}. ${right}`).join('\n'),
      remedy: 'Correct each of them.',
      facts: { problems: named.length },
    })
  }
  const { option, message, right } = first
  return new KanneryError('CONFIG_INVALID', message, { remedy: right, facts: { option } })
}

/** Replaces the field in an error, such as one about an empty file, by the option that gave it. */
export function namingOption(thrown: unknown, fields: FieldOptions): unknown {
  if (!KanneryError.is(thrown, 'CONFIG_INVALID')) return thrown
  const [document = '', field] = String(thrown.facts['field']).split(': ')
  const option = field === undefined ? undefined : optionOf(document, field, fields)
  if (option === undefined) return thrown
  const message = thrown.message.replace(`${document}: ${field}: `, `${option}: `)
  return thrown.with({ message, facts: { field: undefined, option } })
}

/** @param document its kind and name: `Backup "backup"` */
function optionOf(document: string, field: string, fields: FieldOptions): string | undefined {
  const [kind = ''] = document.split(' ')
  const names = [kind, ...field.replaceAll(/\[\d+\]/g, '').split('.')]
  const ends = names.map((_, index) => names.length - index)
  return ends.map((end) => fields[names.slice(0, end).join('.')]).find((option) => option)
}
