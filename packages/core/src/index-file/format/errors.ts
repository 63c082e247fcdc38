import { type ErrorDetails, KanneryError, type ObjectKey } from '@kannery/storage'
import { topicKeys } from '../../layout/keys.ts'
import type { Ulid } from '../../ulid/ulid.ts'

/** Identifies a document in errors about it. */
export interface DocumentPlace {
  readonly kind: 'index' | 'page'
  readonly key: ObjectKey
  readonly topic: string
}

/** Makes the error for a damaged index or page. `from` is inclusive, `to` exclusive. */
export function corruptDocument(
  place: DocumentPlace,
  damage: { readonly from: number; readonly to: number; readonly why: string },
  cause?: unknown,
): KanneryError {
  const { kind, key, topic } = place
  const { from, to, why } = damage
  return new KanneryError('DATA_CORRUPT', `the ${kind} ${key} is damaged at bytes ${from}-${to}`, {
    why,
    ...(kind === 'index' ? acceptOrRebuild(topic) : rebuild(topic)),
    facts: { key, topic, from, to },
    ...(cause === undefined ? {} : { cause }),
  })
}

function acceptOrRebuild(topic: string): Pick<ErrorDetails, 'remedy' | 'advice'> {
  return {
    remedy:
      'If the index was edited on purpose, accept it. Otherwise put a good copy back, or rebuild it from the segments.',
    advice: { id: 'accept-or-rebuild-index', topic },
  }
}

function rebuild(topic: string): Pick<ErrorDetails, 'remedy' | 'advice'> {
  return {
    remedy: 'Put a good copy back, or rebuild the index from the segments.',
    advice: { id: 'rebuild-index', topic, state: 'damaged' },
  }
}

/** Makes the error for an object that is not the document expected. It is never overwritten. */
export function foreignDocument(place: DocumentPlace, why: string): KanneryError {
  const { kind, key, topic } = place
  return new KanneryError('INDEX_FOREIGN', `${key} is not the ${kind} of topic "${topic}"`, {
    why,
    facts: { key, topic },
  })
}

/** Makes the error for a document that only a newer version can read or write. */
export function unsupportedDocument(place: DocumentPlace, why: string): KanneryError {
  const { kind, key, topic } = place
  return new KanneryError(
    'DATA_VERSION_UNSUPPORTED',
    `the ${kind} ${key} needs a newer version of Kannery`,
    { why, facts: { key, topic } },
  )
}

/** Makes the error for an index that is older than the segments beside it. */
export function indexOutdated(
  { topic, epoch }: { readonly topic: string; readonly epoch: number },
  later: { readonly segment: Ulid; readonly epoch: number; readonly incarnation: number },
): KanneryError {
  const key = topicKeys(topic).segment(later.segment)
  return new KanneryError('INDEX_OUTDATED', `the index of topic "${topic}" is an old one`, {
    why: `it is of epoch ${epoch}, and ${key}, which it does not name, is of epoch ${later.epoch} and incarnation ${later.incarnation}`,
    remedy: 'Put the newest index back, or rebuild it from the segments.',
    advice: { id: 'rebuild-index', topic, state: 'outdated' },
    facts: { key, topic, epoch, segmentEpoch: later.epoch },
  })
}

/** Makes the error for segments without the index that named them. */
export function indexMissing(topic: string, why: string): KanneryError {
  return new KanneryError('INDEX_MISSING', `the index of topic "${topic}" is missing`, {
    why,
    remedy: 'Do not start a new backup. Put the index back, or rebuild it from the segments.',
    advice: { id: 'rebuild-index', topic, state: 'missing' },
    facts: { topic },
  })
}
