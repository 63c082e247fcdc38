import type { CallOptions, ObjectKey, StorageBackend } from '@kannery/storage'
import { corrupt } from './format/damage.ts'
import {
  decodeSegmentHeader,
  headerProbeBytes,
  type SegmentHeader,
  segmentHeaderBytes,
} from './format/segment-header.ts'
import { BodyReader } from './read-range.ts'

/**
 * Reads the header at the start of a segment, for segments whose footer, which repeats it, cannot
 * be used.
 *
 * @throws DATA_CORRUPT; DATA_VERSION_UNSUPPORTED; STORAGE_*
 */
export async function readSegmentHeader(
  storage: StorageBackend,
  key: ObjectKey,
  options: CallOptions = {},
): Promise<SegmentHeader> {
  await using object = await storage.get(key, options)
  const source = new BodyReader(object.body)
  const start = await source.take(headerProbeBytes)
  const length = segmentHeaderBytes(start, key)
  const bytes = Buffer.concat([start, await source.take(length - start.length)])
  if (bytes.length < length) {
    throw corrupt({ key, from: 0, to: bytes.length, reason: 'the object was cut in its header' })
  }
  return decodeSegmentHeader(bytes, key)
}
