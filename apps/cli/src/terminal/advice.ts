import type { Advice, KafkaResource, Remedy } from '@kannery/storage'

/**
 * What to do about an error, in the words of a shell: the advice where there is one, else the
 * remedy, which names no command.
 */
export function whatToDo({ remedy, advice }: Remedy): string {
  return advice === undefined ? remedy : inShellWords(advice)
}

/**
 * Puts the words of a shell where `value` is an error with advice, or what a report keeps of one.
 */
export function withShellWords(value: unknown): unknown {
  return isAdvised(value) ? { ...value, remedy: whatToDo(value) } : value
}

function isAdvised(value: unknown): value is Remedy {
  if (typeof value !== 'object' || value === null) return false
  const { remedy, advice } = value as Partial<Remedy>
  return typeof remedy === 'string' && advice !== undefined
}

function inShellWords(advice: Advice): string {
  switch (advice.id) {
    case 'report-defect':
      return 'This is a defect of Kannery. Please report it with the output of --debug.'
    case 'debug-protocol':
      return 'The broker gave an answer that the protocol does not allow. Run it with --debug.'
    case 'list-backups':
      return 'Check the name; kannery ls lists the backups of a storage.'
    case 'verify-backup':
      return verifyBackup(advice.finding)
    case 'wait-or-break-lease':
      return `Wait (--wait), or, if you know that it is dead: kannery lease break ${target(advice)}`
    case 'list-leases':
      return `A backup can start at once. To see who holds which lease: kannery lease ls ${advice.storage ?? '<storage>'}`
    case 'rebuild-index':
      return rebuildIndex(advice)
    case 'accept-or-rebuild-index':
      return `If the index was edited on purpose: kannery index accept ${target(advice)}. Otherwise put a good copy back, or rebuild it from the segments: kannery index rebuild ${target(advice)}`
    case 'list-holds':
      return 'kannery hold ls lists the holds.'
    case 'list-points':
      return 'kannery point ls lists the points.'
    case 'rename-point':
      return 'Choose another name, or remove the point that has it: kannery point rm.'
    case 'allow-operation':
      return `Allow it: kafka-acls --bootstrap-server … --add --allow-principal User:NAME --operation ${advice.operation} ${aclResource(advice.resource)}`
    case 'end-transaction':
      return `What comes before is backed up. End the transaction, or abort it: kafka-transactions abort --topic '${advice.topic}' --partition ${advice.partition} --start-offset ${advice.startOffset}; then run the backup again, or with more --transaction-patience.`
    case 'choose-empty-target':
      return 'Restore under another name (--as), or delete the records in the target first.'
    case 'fit-partitions':
      return 'Add partitions to the topic, restore under another name (--as), or restore fewer partitions.'
    case 'choose-retention':
      return `Choose: keep all (--retention keep, or ${advice.setting}=-1 on a topic of your own), or let it delete them (--retention source).`
    case 'correct-findings':
      return [
        'Nothing was written. Correct each finding, then restore again:',
        ...advice.findings.map((finding, index) => `${index + 1}. ${whatToDo(finding)}`),
      ].join('\n')
    case 'restart-restore':
      return `${whatToDo(advice.first)} ${targetLeftBehind(advice)}`
    case 'choose-storage-url':
      return `Write a path, or a URL that starts with ${advice.schemes.join(': ')}:, or install a plugin that serves this one: kannery plugin add <package>`
    case 'install-plugin':
      return installPlugin(advice.package)
    case 'reinstall-plugin':
      return `Install it again: kannery plugin add ${advice.package}`
    case 'update-plugin':
      return `Install a newer ${advice.package}: kannery plugin add ${advice.package}@latest`
    case 'repair-plugin-folder':
      return 'Repair or remove its package.json; kannery plugin add makes a new one.'
  }
}

function verifyBackup(finding: Extract<Advice, { id: 'verify-backup' }>['finding']): string {
  switch (finding) {
    case 'damage':
      return 'kannery verify names all that is damaged; the rest can be restored.'
    case 'short-object':
      return 'The object is shorter than the index says: run kannery verify.'
    case 'damaged-source':
      return 'kannery verify names everything that is damaged in the source; what was copied before is intact.'
  }
}

function rebuildIndex(advice: Extract<Advice, { id: 'rebuild-index' }>): string {
  const rebuild = `rebuild it from the segments: kannery index rebuild ${target(advice)}`
  switch (advice.state) {
    case 'missing':
      return `Do not start a new backup. Put the index back, or ${rebuild}`
    case 'damaged':
      return `Put a good copy of the index back, or ${rebuild}`
    case 'outdated':
      return `Put the newest index back, or ${rebuild}`
  }
}

function targetLeftBehind({
  topic,
  records,
  expected,
}: Extract<Advice, { id: 'restart-restore' }>): string {
  return records === 0
    ? `Nothing was written into topic "${topic}" yet.`
    : `Topic "${topic}" holds ${records} records of about ${expected}: delete it before you restore again.`
}

function installPlugin(name: string): string {
  return [
    'Install it in the way that kannery was installed, or for this user alone:',
    `npm install --global ${name}`,
    `pnpm add --global ${name}`,
    `kannery plugin add ${name}`,
  ].join('\n')
}

/** The arguments of a command about one topic. */
function target({
  storage = '<storage>',
  topic = '<topic>',
}: {
  readonly storage?: string | undefined
  readonly topic?: string | undefined
}): string {
  return `${storage} ${topic}`
}

/** A resource as `kafka-acls` takes it. */
function aclResource({ kind, name }: KafkaResource): string {
  switch (kind) {
    case 'topic':
      return name === undefined ? '--topic TOPIC' : `--topic '${name}'`
    case 'group':
      return name === undefined ? '--group GROUP' : `--group '${name}'`
    case 'transactional-id':
      return '--transactional-id ID'
    case 'cluster':
      return '--cluster'
  }
}
