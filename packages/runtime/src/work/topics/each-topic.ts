import { isOfOneTopic } from '@kannery/core/layout'
import { KanneryError, type StorageBackend } from '@kannery/storage'
import { type FailedTopic, failedTopic } from './outcome.ts'

/** The results of work on topics, in their order, and the topics that failed. */
export interface TopicResults<T> {
  readonly done: readonly T[]
  readonly failed: readonly FailedTopic[]
  /** The first of the topics' errors; undefined when there is none. */
  readonly error: KanneryError | undefined
}

/** Works on one topic. Reports to `fail` what it could not do, and rejects when it did nothing. */
type TopicWork<T> = (topic: string, fail: (error: KanneryError) => void) => Promise<T>

/**
 * Does the work on each topic, as {@link tryEachTopic}.
 *
 * @throws the first error, when nothing was done of any topic
 */
export async function eachTopic<T>(
  storage: StorageBackend,
  topics: readonly string[],
  work: TopicWork<T>,
): Promise<TopicResults<T>> {
  const results = await tryEachTopic(storage, topics, work)
  if (results.error !== undefined && results.done.length === 0) throw results.error
  return results
}

/**
 * Does the work on each topic. Continues with the others when one fails, unless the storage itself
 * is away.
 */
export async function tryEachTopic<T>(
  storage: StorageBackend,
  topics: readonly string[],
  work: TopicWork<T>,
): Promise<TopicResults<T>> {
  const done: T[] = []
  const failed: FailedTopic[] = []
  let first: KanneryError | undefined
  for (const topic of topics) {
    const fail = (error: KanneryError): void => {
      failed.push(failedTopic(topic, error))
      first ??= error
    }
    try {
      done.push(await work(topic, fail))
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      fail(error)
      if (!(await concernsOneTopic(storage, error))) break
    }
  }
  return { done, failed, error: first }
}

/** Whether other topics may succeed after this error: the storage itself is not away. */
export async function concernsOneTopic(
  storage: StorageBackend,
  error: KanneryError,
): Promise<boolean> {
  if (changesWithTheTopic.has(error.code)) return true
  return await isOfOneTopic(storage, error)
}

/** Another topic may be smaller, or have no point of that name. */
const changesWithTheTopic: ReadonlySet<KanneryError['code']> = new Set([
  'CONFIG_INVALID',
  'STORAGE_NOT_FOUND',
  'STORAGE_FULL',
  'STORAGE_PRECONDITION_FAILED',
  'STORAGE_OUTCOME_UNKNOWN',
])
