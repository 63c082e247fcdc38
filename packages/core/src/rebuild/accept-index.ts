import {
  KanneryError,
  type ObjectKey,
  type ObjectVersion,
  type StorageBackend,
} from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { crc32c } from '../digest/crc32c.ts'
import { formatDigest } from '../digest/digest.ts'
import { copyIsNotEdited } from '../index-file/edit-index.ts'
import { corruptDocument } from '../index-file/format/errors.ts'
import { assertWritable, encodeIndex, parseIndex } from '../index-file/format/index-document.ts'
import { type Index, maxIndexBytes } from '../index-file/format/model.ts'
import { segmentEntries } from '../index-file/pages/pages.ts'
import { whyNoIndex } from '../index-file/require-index.ts'
import { namedObject, topicKeys } from '../layout/keys.ts'
import { putCertainly } from '../objects/put-certainly.ts'
import { laterUlid, type Ulid, type UlidSource } from '../ulid/ulid.ts'
import { brokenOrder } from './entry-order.ts'

/** Sets how {@link acceptIndex} accepts an edited index. */
export interface AcceptOptions {
  /** Makes the id of the edit. */
  readonly ids: UlidSource
  /** Whether to check the edit only, and write nothing. Defaults to false. */
  readonly dryRun?: boolean | undefined
}

/**
 * Reports what {@link acceptIndex} found: the edited index, and how it differs from the folder. The
 * index before the edit is not kept, so it cannot be compared with that.
 */
export interface AcceptedEdit {
  readonly index: Index
  /**
   * Whether the index was edited; false: its checksum was right, and there was nothing to accept.
   */
  readonly edited: boolean
  /** Segments in the folder that the index neither names nor lists as garbage. */
  readonly unnamed: readonly ObjectKey[]
  /**
   * Segments that the index names, neither as expired nor as deleted, and that are missing in the
   * folder.
   */
  readonly absent: readonly ObjectKey[]
}

interface FoundIndex {
  readonly index: Index
  readonly version: ObjectVersion
  readonly edited: boolean
}

/**
 * Accepts an index that a person edited: checks its fields and writes its checksum again. A running
 * writer continues from it, as after {@link editIndex}.
 *
 * @throws DATA_CORRUPT for an invalid index, also for a truncated one; INDEX_MISSING when there are
 *   segments without an index; STORAGE_NOT_FOUND when there is no backup of the topic;
 *   INDEX_FOREIGN for a copy, or an index that is not that of the topic; DATA_VERSION_UNSUPPORTED;
 *   STORAGE_PRECONDITION_FAILED when the index was changed meanwhile; STORAGE_*
 */
export async function acceptIndex(
  storage: StorageBackend,
  topic: string,
  { ids, dryRun = false }: AcceptOptions,
): Promise<AcceptedEdit> {
  const found = await readEdited(storage, topic)
  const { index, edited } = found
  assertWritable(index)
  if (index.copyOf !== undefined) throw copyIsNotEdited(topic)
  const differences = await compareWithFolder(storage, index)
  if (edited && !dryRun) await seal(storage, found, ids)
  return { index, edited, ...differences }
}

async function readEdited(storage: StorageBackend, topic: string): Promise<FoundIndex> {
  const { index: key } = topicKeys(topic)
  const object = await readObject(storage, key, { maxBytes: maxIndexBytes })
  if (object === undefined) throw await whyNoIndex(storage, topic)
  const { version } = object.info
  const sealed = withRightChecksum(object.bytes)
  const edited = sealed !== undefined && Buffer.compare(sealed, object.bytes) !== 0
  // An index without the line of the checksum was truncated, which parsing it reports.
  const index = parseIndex(sealed ?? object.bytes, topic)
  const why = brokenOrder(index)
  if (why !== undefined) {
    const place = { kind: 'index', key, topic } as const
    throw corruptDocument(place, { from: 0, to: object.bytes.length, why })
  }
  return { index, version, edited }
}

/**
 * Returns the bytes with a correct checksum; undefined where nothing marks the end of the document,
 * because most truncations of YAML are valid YAML.
 */
function withRightChecksum(bytes: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = text.lastIndexOf('\nend:') + 1
  const endLine = text.subarray(start).toString('latin1')
  if (start === 0 || !/^end: *"?crc32c:[0-9a-f]{8}"?\s*$/.test(endLine)) return undefined
  const body = text.subarray(0, start)
  return Buffer.concat([body, Buffer.from(`end: "${formatDigest(crc32c(body))}"\n`)])
}

async function compareWithFolder(
  storage: StorageBackend,
  index: Index,
): Promise<Pick<AcceptedEdit, 'unnamed' | 'absent'>> {
  const { folder, segment } = topicKeys(index.topic)
  const there = new Set<Ulid>()
  for await (const entry of storage.list(folder, { depth: 'children' })) {
    const object = entry.kind === 'object' ? namedObject(folder, entry.info.key) : undefined
    if (object?.kind === 'segment') there.add(object.id)
  }
  const explained = new Set(index.garbage.map(({ id }) => id))
  const absent: ObjectKey[] = []
  for await (const { id, state } of segmentEntries(storage, index)) {
    explained.add(id)
    if (!there.has(id) && state === undefined) absent.push(segment(id))
  }
  const unnamed = [...there].filter((id) => !explained.has(id)).map((id) => segment(id))
  return { unnamed, absent }
}

async function seal(
  storage: StorageBackend,
  { index, version }: FoundIndex,
  ids: UlidSource,
): Promise<void> {
  const { index: key } = topicKeys(index.topic)
  const edited = ids.next(laterUlid(index.commit, index.edited))
  const condition = { kind: 'if-version', version } as const
  const outcome = await putCertainly(storage, key, encodeIndex({ ...index, edited }), { condition })
  if (outcome.kind === 'written') return
  throw new KanneryError('STORAGE_PRECONDITION_FAILED', `${key} was changed meanwhile`, {
    retry: 'after-refresh',
    remedy: 'Look at it again, then accept it again.',
    facts: { key, topic: index.topic },
  })
}
