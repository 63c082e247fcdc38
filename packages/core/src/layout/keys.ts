import { type KeyPrefix, keyPrefix, type ObjectKey, objectKey } from '@kannery/storage'
import { isUlid, type Ulid } from '../ulid/ulid.ts'
import { topicFolder, topicOfFolder } from './topic-folder.ts'

/** Every key that a topic's backup has. */
export interface TopicKeys {
  readonly folder: KeyPrefix
  readonly index: ObjectKey
  readonly lease: ObjectKey
  /** Written to learn the storage's time, and deleted at once. What is left of it means nothing. */
  readonly time: ObjectKey
  readonly segment: (id: Ulid) => ObjectKey
  readonly page: (id: Ulid) => ObjectKey
}

/** An object in a topic's folder whose name is an id. */
export interface NamedObject {
  readonly kind: 'segment' | 'page'
  readonly id: Ulid
}

const extensions = { segment: '.kan', page: '.page' } as const

/** `~` is in no topic's name. */
export const workersPrefix: KeyPrefix = keyPrefix('~workers/')

export function heartbeatKey(worker: Ulid): ObjectKey {
  return objectKey(`${workersPrefix}${worker}`)
}

/** @throws CONFIG_INVALID for what cannot be the name of a Kafka topic */
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
 * Whether only a backup can have an unfinished upload of this key: that of a segment or page in a
 * topic's folder. All else is written by one request.
 */
export function isUploadKey(key: ObjectKey): boolean {
  const slash = key.indexOf('/')
  const isInTopic = topicOfFolder(key.slice(0, Math.max(0, slash))) !== undefined
  return isInTopic && namedObject(keyPrefix(key.slice(0, slash + 1)), key) !== undefined
}

/** What `key` is in `folder`; undefined for the index, the lease and all that is not ours. */
export function namedObject(folder: KeyPrefix, key: ObjectKey): NamedObject | undefined {
  const name = key.startsWith(folder) ? key.slice(folder.length) : ''
  for (const kind of ['segment', 'page'] as const) {
    const id = name.endsWith(extensions[kind]) ? name.slice(0, -extensions[kind].length) : undefined
    if (isUlid(id)) return { kind, id }
  }
  return undefined
}
