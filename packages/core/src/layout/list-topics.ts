import { inBatches, keyPrefix, type StorageBackend } from '@kannery/storage'
import { namedObject, topicKeys } from './keys.ts'
import { isOfOneTopic } from './still-answers.ts'
import { topicOfFolder } from './topic-folder.ts'

/** How many folders are looked into at a time. */
const lookahead = 16
const root = keyPrefix('')

/**
 * Topics with a backup, in the storage's order: folders with an index, or with segments whose index
 * is gone. A folder that cannot be looked into may hold one, and comes, too: whoever reads it meets
 * the error. Costs a listing of the first level and a request or two a folder, however many
 * segments there are.
 */
export async function* listTopics(storage: StorageBackend): AsyncGenerator<string> {
  for await (const topics of inBatches(topicFolders(storage), lookahead)) {
    const held = await Promise.all(topics.map((topic) => holdsBackup(storage, topic)))
    yield* topics.filter((_, index) => held[index])
  }
}

/**
 * Topics for which there is a folder, whatever is in it. What has no topic's name (`~workers`,
 * `lost+found`) is skipped.
 */
export async function* topicFolders(storage: StorageBackend): AsyncGenerator<string> {
  for await (const entry of storage.list(root, { depth: 'children' })) {
    const topic = entry.kind === 'folder' ? topicOfFolder(entry.prefix.slice(0, -1)) : undefined
    if (topic !== undefined) yield topic
  }
}

/**
 * Whether the folder holds an object that only a backup of a topic has. Reads no further than the
 * first one.
 */
export async function holdsSegments(storage: StorageBackend, topic: string): Promise<boolean> {
  const { folder } = topicKeys(topic)
  for await (const entry of storage.list(folder, { depth: 'children' })) {
    if (entry.kind === 'object' && namedObject(folder, entry.info.key) !== undefined) return true
  }
  return false
}

async function holdsBackup(storage: StorageBackend, topic: string): Promise<boolean> {
  try {
    const index = await storage.head(topicKeys(topic).index)
    return index !== undefined || (await holdsSegments(storage, topic))
  } catch (error) {
    if (await isOfOneTopic(storage, error)) return true
    throw error
  }
}
