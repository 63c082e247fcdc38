import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import {
  type ByteRange,
  type ByteSpan,
  type GetOptions,
  type ObjectKey,
  type ObjectReader,
  selectSpan,
  spanOf,
} from '@kannery/storage'
import type { FileSystem } from './disk/file-system.ts'
import {
  type Attempt,
  isErrno,
  notFound,
  outsideRange,
  preconditionFailed,
  truncated,
  volumeError,
} from './errors.ts'
import { assertRegularFile, describe, versionOf } from './object-stats.ts'

const readBytes = 1024 * 1024

/** Opens the file that has the name now. A replacement does not change what the reader reads. */
export async function openReader(
  files: FileSystem,
  key: ObjectKey,
  options: GetOptions,
  attempt: Attempt,
): Promise<ObjectReader> {
  const handle = await openFile(files, attempt)
  try {
    const stats = await handle.stat({ bigint: true })
    if (stats.isDirectory()) throw notFound(attempt)
    assertRegularFile(stats, attempt)
    if (options.ifVersion !== undefined && versionOf(stats) !== options.ifVersion) {
      throw preconditionFailed(attempt)
    }
    const span = resolveRange(options.range, Number(stats.size), attempt)
    return {
      info: describe(key, stats),
      body: readSpan(handle, span, options.signal, attempt),
      [Symbol.asyncDispose]: () => close(handle),
    }
  } catch (error) {
    await close(handle)
    throw error
  }
}

async function openFile(files: FileSystem, attempt: Attempt): Promise<FileHandle> {
  // A pipe would block the open forever; a link may lead anywhere.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  try {
    return await files.open(attempt.path, flags)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) throw notFound(attempt)
    throw error
  }
}

/** @throws STORAGE_RANGE when the range does not select at least one byte that exists */
function resolveRange(range: ByteRange | undefined, size: number, attempt: Attempt): ByteSpan {
  const span = selectSpan(range, size)
  if (span !== undefined) return span
  throw outsideRange(attempt, { ...spanOf(range, size), size })
}

async function* readSpan(
  handle: FileHandle,
  span: ByteSpan,
  signal: AbortSignal | undefined,
  attempt: Attempt,
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(Math.min(readBytes, span.end - span.start))
  let position = span.start
  try {
    while (position < span.end) {
      signal?.throwIfAborted()
      const length = Math.min(buffer.length, span.end - position)
      const { bytesRead } = await handle.read(buffer, 0, length, position)
      if (bytesRead === 0) throw truncated(attempt, position)
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } catch (error) {
    throw volumeError(error, attempt)
  } finally {
    await close(handle)
  }
}

/** Harmless when called twice: the body closes at its end, the reader when it is disposed of. */
async function close(handle: FileHandle): Promise<void> {
  if (handle.fd !== -1) await handle.close()
}
