import { KanneryError, type StorageBackend } from '@kannery/storage'
import { topicKeys } from '../layout/keys.ts'
import { putCertainly } from '../objects/put-certainly.ts'
import { laterUlid, type UlidSource } from '../ulid/ulid.ts'
import { assertWritable, encodeIndex } from './format/index-document.ts'
import type { Index } from './format/model.ts'
import { requireIndex } from './require-index.ts'

/** Each time somebody else was faster. */
const maxEdits = 16

export interface EditIndexOptions {
  readonly ids: UlidSource
  /** Made anew on every index that it meets. */
  readonly edit: (index: Index) => Index | Promise<Index>
  /** Edits a copy, too: for what the next copy leaves as it is. It is refused unless told. */
  readonly copyToo?: boolean
}

/**
 * Edits an index beside whoever writes the topic: a mark, a hold. Epoch, writer and commit stay, so
 * that the writer sees that its lease is not lost, and makes its next change on top of the edit.
 *
 * @throws INDEX_FOREIGN for a copy, which is what its source is; as requireIndex;
 *   STORAGE_PRECONDITION_FAILED when others were faster again and again
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

/** INDEX_FOREIGN: a copy is what its source is. */
export function copyIsNotEdited(topic: string): KanneryError {
  return new KanneryError('INDEX_FOREIGN', `the backup of topic "${topic}" is a copy`, {
    why: 'the next copy would undo what is changed here',
    remedy: 'Change it in the storage that it is a copy of, then copy again.',
    facts: { topic },
  })
}
