import { type Index, segmentEntries } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import { KanneryError } from '@kannery/storage'
import { type BackupSource, readBackupIndex } from './backup-source.ts'
import { SpanWalk } from './segment-spans.ts'
import type { Selection } from './selection.ts'

/** The most names in the sentence of an error; its facts have more. */
const maxShown = 10
const maxNamed = 1000

/** Explains that objects were deleted after the index was read and before they were read. */
export function deletedMeanwhile(topic: string, names: readonly string[]): KanneryError {
  const shown = names.slice(0, maxShown).join(', ')
  const more = names.length > maxShown ? `, and ${names.length - maxShown} more` : ''
  return new KanneryError(
    'RESTORE_INCOMPLETE',
    `the backup of topic "${topic}" lost what was still to be read of it`,
    {
      why: `its retention deleted since this began: ${shown}${more}`,
      facts: { topic, deleted: names.slice(0, maxNamed).join(' '), count: names.length },
    },
  )
}

/**
 * Returns the error to report in place of `error`. If something is missing because it was deleted
 * after `index` was read, that is a RESTORE_INCOMPLETE that names all wanted objects that were
 * deleted since; otherwise `error` itself.
 */
export async function explainMissing(
  error: unknown,
  options: BackupSource,
  { index, selection }: { readonly index: Index; readonly selection: Selection },
): Promise<unknown> {
  const isDeleted = KanneryError.is(error, 'RESTORE_INCOMPLETE')
  const isPage = KanneryError.is(error, 'DATA_CORRUPT') && error.retry === 'after-refresh'
  if (!isDeleted && !isPage) return error
  const now = await readBackupIndex(options)
  // A page is deleted only after the index has changed.
  if (now.commit === index.commit && now.edited === index.edited) return error
  const gone = await goneSince(options, { index, now, selection })
  const names = gone.length === 0 && isPage ? [String(error.facts['key'])] : gone
  return names.length === 0 ? error : deletedMeanwhile(options.topic, names)
}

/**
 * Returns the keys of the wanted segments that were deleted since `given.index`, as far as its
 * pages still exist.
 */
async function goneSince(
  { storage, topic }: BackupSource,
  given: { readonly index: Index; readonly now: Index; readonly selection: Selection },
): Promise<readonly string[]> {
  const left = new Set<string>()
  for await (const { id, state } of segmentEntries(storage, given.now)) {
    if (state !== 'deleted') left.add(id)
  }
  const gone: string[] = []
  const walk = new SpanWalk(given.selection)
  try {
    for await (const entry of segmentEntries(storage, given.index)) {
      const isWanted = walk.next(entry) !== undefined
      if (isWanted && !left.has(entry.id)) gone.push(topicKeys(topic).segment(entry.id))
    }
  } catch (error) {
    if (!KanneryError.is(error, 'DATA_CORRUPT')) throw error
  }
  return gone
}
