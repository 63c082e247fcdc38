/**
 * What to do about an error, for a front end to put into its own words: a shell names a command, a
 * Kubernetes operator a field of a resource. Parameters are facts, never words to be parsed.
 */
export type Advice = GeneralAdvice | BackupAdvice | KafkaAdvice | PluginAdvice

/** The name of a piece of advice, such as `rebuild-index`. */
export type AdviceId = Advice['id']

/** Advice that no area owns. */
export type GeneralAdvice =
  /** It is a defect of Kannery: report it with all that can be found out about it. */
  | { readonly id: 'report-defect' }
  /** A broker broke the protocol: find out more about its answer. */
  | { readonly id: 'debug-protocol' }

/** Advice about a backup and the storage that holds it. */
export type BackupAdvice =
  /** List the backups that the storage holds: the name may be misspelt. */
  | { readonly id: 'list-backups' }
  /**
   * Verify a backup, or the source of a copy, to learn all that is damaged. `finding` says what was
   * found: damage, an object that is shorter than the index says, or damage in the source of a
   * copy.
   */
  | { readonly id: 'verify-backup'; readonly finding: 'damage' | 'short-object' | 'damaged-source' }
  /** Wait for the lease, or break it when its holder is known to be dead. */
  | { readonly id: 'wait-or-break-lease'; readonly topic: string; readonly storage?: StorageName }
  /**
   * List the leases that are held. The lease that was asked for is none of them: a backup of its
   * topic can start at once.
   */
  | { readonly id: 'list-leases'; readonly storage?: StorageName }
  /** Put a good copy of the index or of a page of it back, or rebuild it from the segments. */
  | {
      readonly id: 'rebuild-index'
      readonly topic?: string | undefined
      readonly state: 'missing' | 'damaged' | 'outdated'
      readonly storage?: StorageName
    }
  /** The index may have been edited on purpose: accept the edit, or rebuild the index. */
  | {
      readonly id: 'accept-or-rebuild-index'
      readonly topic: string
      readonly storage?: StorageName
    }
  /** List the holds or points of a topic. */
  | { readonly id: 'list-holds' | 'list-points'; readonly topic: string }
  /** Choose another name for a point, or remove the point that has it. */
  | { readonly id: 'rename-point'; readonly topic: string; readonly name: string }

/** Advice about Kafka: the source of a backup or the target of a restore. */
export type KafkaAdvice =
  /** Allow the user an ACL operation, named as Kafka's tools name it, such as `Read`. */
  | {
      readonly id: 'allow-operation'
      readonly operation: string
      readonly resource: KafkaResource
    }
  /** End or abort the transaction that holds back offsets, or wait for it longer. */
  | {
      readonly id: 'end-transaction'
      readonly topic: string
      readonly partition: number
      readonly startOffset: number
    }
  /** Restore under another name, or empty the target first. */
  | { readonly id: 'choose-empty-target' }
  /** Add partitions to the target, restore under another name, or restore fewer partitions. */
  | { readonly id: 'fit-partitions'; readonly topic: string }
  /**
   * Decide whether the retention of the target topic may delete restored records. `setting` is the
   * name of its configuration that would, such as `retention.ms`.
   */
  | { readonly id: 'choose-retention'; readonly topic: string; readonly setting: string }
  /** Nothing was written: correct each finding, then restore again. */
  | { readonly id: 'correct-findings'; readonly findings: readonly Remedy[] }
  /** Do what `first` says, then delete the target if records were written, and restore again. */
  | {
      readonly id: 'restart-restore'
      readonly first: Remedy
      readonly topic: string
      /** Number of records that the target holds. */
      readonly records: number
      /** Number of records that the target would hold, about. */
      readonly expected: number
    }

/** Advice about the plugins that serve storages. */
export type PluginAdvice =
  /** Write a path or a URL of a known scheme, or install a plugin that serves this one. */
  | { readonly id: 'choose-storage-url'; readonly schemes: readonly string[] }
  /** Install the package of a plugin. */
  | { readonly id: 'install-plugin'; readonly package: string }
  /** Install the package of a plugin again, because it cannot be loaded. */
  | { readonly id: 'reinstall-plugin'; readonly package: string }
  /** Install a newer version of the package of a plugin. */
  | { readonly id: 'update-plugin'; readonly package: string }
  /**
   * Repair or remove the `package.json` of the plugin folder; installing a plugin makes a new one.
   */
  | { readonly id: 'repair-plugin-folder'; readonly folder: string }

/** A resource that Kafka's ACLs protect. `name` is absent where it is not known. */
export interface KafkaResource {
  readonly kind: 'topic' | 'group' | 'transactional-id' | 'cluster'
  readonly name?: string | undefined
}

/** A remedy of another error: a sentence that names no front end, and the same as advice. */
export interface Remedy {
  readonly remedy: string
  readonly advice?: Advice | undefined
}

/** URL or path of a storage, without credentials. It is undefined where it is not known. */
type StorageName = string | undefined
