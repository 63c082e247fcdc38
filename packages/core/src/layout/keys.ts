import { type KeyPrefix, keyPrefix, type ObjectKey, objectKey } from '@kannery/storage'
import { isUlid, type Ulid } from '../ulid/ulid.ts'
import { topicFolder, topicOfFolder } from './topic-folder.ts'

/** The keys of the objects of a topic's backup. */
export interface TopicKeys {
  /** Prefix of all objects of the topic. */
  readonly folder: KeyPrefix
  readonly index: ObjectKey
  readonly lease: ObjectKey
  /**
   * An object that is written to read the storage's clock, and deleted at once. One that is left
   * over has no meaning.
   */
  readonly time: ObjectKey
  /** Returns the key of a segment. */
  readonly segment: (id: Ulid) => ObjectKey
  /** Returns the key of a page. */
  readonly page: (id: Ulid) => ObjectKey
}

/** An object in a topic's folder whose name is an id. */
export interface NamedObject {
  readonly kind: 'segment' | 'page'
  readonly id: Ulid
}

const extensions = { segment: '.kan', page: '.page' } as const

/** Prefix of the heartbeats of all workers. No topic's name contains `~`. */
export const workersPrefix: KeyPrefix = keyPrefix('~workers/')

/** Returns the key of a worker's heartbeat. */
export function heartbeatKey(worker: Ulid): ObjectKey {
  return objectKey(`${workersPrefix}${worker}`)
}

/**
 * Returns the keys of a topic's backup.
 *
 * @throws CONFIG_INVALID for what cannot be the name of a Kafka topic
 */
export function topicKeys(topic: string): TopicKeys {
  const folder = keyPrefix(`${topicFolder(topic)}/`)
  return {
    folder,
    index: objectKey(`${folder}index`),
    lease: objectKey(`${folder}__lease`),
    time: objectKey(`${folder}__time`),
    segment: (id) => objectKey(`${folder}${id}${extensions.segment}`),
    page: (id) => objectKey(`${folder}${id}${extensions.page}`),
  }
}

/**
 * Whether `key` is that of a segment or page of a topic. Only these are uploaded in parts, so that
 * an unfinished upload of such a key is one of a backup.
 */
export function isUploadKey(key: ObjectKey): boolean {
  const slash = key.indexOf('/')
  const isInTopic = topicOfFolder(key.slice(0, Math.max(0, slash))) !== undefined
  return isInTopic && namedObject(keyPrefix(key.slice(0, slash + 1)), key) !== undefined
}

/**
 * Parses the key of a segment or page in `folder`; undefined for the index, the lease and objects
 * that Kannery did not write.
 */
export function namedObject(folder: KeyPrefix, key: ObjectKey): NamedObject | undefined {
  const name = key.startsWith(folder) ? key.slice(folder.length) : ''
  for (const kind of ['segment', 'page'] as const) {
    const id = name.endsWith(extensions[kind]) ? name.slice(0, -extensions[kind].length) : undefined
    if (isUlid(id)) return { kind, id }
  }
  return undefined
}
