import { KanneryError, type StorageBackend } from '@kannery/storage'
import { topicKeys } from '../layout/keys.ts'
import { putCertainly } from '../objects/put-certainly.ts'
import { laterUlid, type UlidSource } from '../ulid/ulid.ts'
import { assertWritable, encodeIndex } from './format/index-document.ts'
import type { Index } from './format/model.ts'
import { requireIndex } from './require-index.ts'

/** How many times an edit is attempted while the index keeps changing. */
const maxEdits = 16

/** Describes an edit of an index beside a running writer. */
export interface EditIndexOptions {
  /** Makes the id of the edit. */
  readonly ids: UlidSource
  /**
   * Returns the edited index; its epoch, writer and commit are ignored. Called again, with the
   * newer index, when the index has changed meanwhile, up to 16 times in all.
   */
  readonly edit: (index: Index) => Index | Promise<Index>
  /** Whether a copy may be edited, for changes that the next copy keeps. Defaults to false. */
  readonly copyToo?: boolean | undefined
}

/**
 * Edits an index beside a running writer, for example to add a hold. Epoch, writer and commit stay
 * the same, so that the writer does not lose its lease and makes its next change on top of the
 * edit.
 *
 * @returns the index as it was written
 * @throws INDEX_FOREIGN for a copy, which is edited at its source; STORAGE_PRECONDITION_FAILED when
 *   the index kept changing; DATA_VERSION_UNSUPPORTED when this version may not write the index; as
 *   requireIndex; what `edit` throws
 */
export async function editIndex(
  storage: StorageBackend,
  topic: string,
  options: EditIndexOptions,
): Promise<Index> {
  const { ids, edit, copyToo = false } = options
  const key = topicKeys(topic).index
  for (let edits = 0; edits < maxEdits; edits++) {
    const { index, version } = await requireIndex(storage, topic)
    assertWritable(index)
    if (index.copyOf !== undefined && !copyToo) throw copyIsNotEdited(topic)
    const { epoch, writer, commit } = index
    const edited = ids.next(laterUlid(commit, index.edited))
    const next = { ...(await edit(index)), epoch, writer, commit, edited }
    const condition = { kind: 'if-version', version } as const
    const outcome = await putCertainly(storage, key, encodeIndex(next), { condition })
    if (outcome.kind === 'written') return next
  }
  throw new KanneryError('STORAGE_PRECONDITION_FAILED', `${key} changes too fast to be edited`, {
    retry: 'after-refresh',
    facts: { key, topic },
  })
}

/** Makes the error for an edit of a copy, which has to be made at its source. */
export function copyIsNotEdited(topic: string): KanneryError {
  return new KanneryError('INDEX_FOREIGN', `the backup of topic "${topic}" is a copy`, {
    why: 'the next copy would undo what is changed here',
    remedy: 'Change it in the storage that it is a copy of, then copy again.',
    facts: { topic },
  })
}
