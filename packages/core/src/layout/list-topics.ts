import { keyPrefix, type StorageBackend } from '@kannery/storage'
import { inBatches } from '@kannery/storage/client'
import { namedObject, topicKeys } from './keys.ts'
import { isOfOneTopic } from './still-answers.ts'
import { topicOfFolder } from './topic-folder.ts'

/** How many folders are looked into at a time. */
const lookahead = 16
const root = keyPrefix('')

/**
 * Lists the topics that have a backup, in the storage's order: those whose folder holds an index,
 * or segments whose index is missing. A folder that cannot be read is listed, too, because it may
 * hold a backup; reading that topic reports the error. Costs a listing of the first level and one
 * or two requests for each folder, however many segments there are.
 *
 * @throws STORAGE_* for an error of the whole storage
 */
export async function* listTopics(storage: StorageBackend): AsyncGenerator<string> {
  for await (const topics of inBatches(topicFolders(storage), lookahead)) {
    const held = await Promise.all(topics.map((topic) => holdsBackup(storage, topic)))
    yield* topics.filter((_, index) => held[index])
  }
}

/**
 * Lists the topics that have a folder, whatever it contains. Folders that are not named after a
 * topic (`~workers`, `lost+found`) are skipped.
 */
export async function* topicFolders(storage: StorageBackend): AsyncGenerator<string> {
  for await (const entry of storage.list(root, { depth: 'children' })) {
    const topic = entry.kind === 'folder' ? topicOfFolder(entry.prefix.slice(0, -1)) : undefined
    if (topic !== undefined) yield topic
  }
}

/** Whether a topic's folder holds a segment or page. Lists no further than the first one. */
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
