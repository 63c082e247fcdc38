import { isOfOneTopic } from '@kannery/core/layout'
import { KanneryError, type StorageBackend } from '@kannery/storage'
import { type FailedTopic, failedTopic } from './outcome.ts'

/** What was done of topics, one after the other, and what could not be done. */
export interface TopicResults<T> {
  readonly done: readonly T[]
  readonly failed: readonly FailedTopic[]
  /** The first error. */
  readonly error: KanneryError | undefined
}

/**
 * Work on one topic that reports what it could not do of it to `fail`, or rejects when it did
 * nothing.
 */
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
 * Does the work on each topic. One that fails does not keep the others, unless the storage is away
 * altogether.
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

/** Whether others may succeed where one topic failed: the storage is not away altogether. */
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
