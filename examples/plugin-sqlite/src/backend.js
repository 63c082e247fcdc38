import { KanneryError, spanOf } from '@kannery/storage'
import { assertPutSize, deleteEach, PartWriter } from '@kannery/storage/backend'
import { openDatabase, snapshot, sqlNow, transaction } from './database.js'
import { sqliteError, storageError } from './errors.js'
import { listObjects } from './listing.js'
import { findObject, partBytes, removeParts, retire, Upload } from './uploads.js'

/** A storage in one SQLite file: the contract of @kannery/storage, as small as it can be. */
export class SqliteBackend {
  type = 'sqlite'
  location
  capabilities = {
    ifAbsent: true,
    ifVersion: true,
    ifVersionDelete: true,
    ifAbsentAfterDelete: true,
    orderedList: true,
    retainUntil: false,
    maxObjectBytes: Number.MAX_SAFE_INTEGER,
    minRewriteIntervalMs: 0,
  }
  #path
  #access
  #opened

  constructor({ path }, { access }) {
    this.location = `sqlite://${path}`
    this.#path = path
    this.#access = access
  }

  async head(key, options = {}) {
    return this.#call({ operation: 'head', key }, options, (database) => {
      const row = findObject(database, key)
      return row && describe(row)
    })
  }

  async get(key, options = {}) {
    return this.#call({ operation: 'get', key }, options, (database) =>
      snapshot(database, () => {
        const row = findObject(database, key)
        if (row === undefined)
          throw storageError('STORAGE_NOT_FOUND', `no such object: ${key}`, { key })
        if (options.ifVersion !== undefined && options.ifVersion !== String(row.upload)) {
          throw storageError('STORAGE_PRECONDITION_FAILED', `changed meanwhile: ${key}`, { key })
        }
        const span = spanOf(options.range, row.size)
        assertInside(span, row, options.range)
        return {
          info: describe(row),
          body: readSpan(database, row, span, options.signal),
          async [Symbol.asyncDispose]() {},
        }
      }),
    )
  }

  async put(key, body, options) {
    assertPutSize(body)
    return this.#call({ operation: 'put', key }, options, (database) => {
      assertSupported(options)
      const upload = new Upload(database, key)
      try {
        addParts(upload, body, 0)
        return describe(upload.publish(options.condition))
      } catch (error) {
        upload.abandon()
        throw error
      }
    })
  }

  async openWriter(key, options) {
    return this.#call({ operation: 'openWriter', key }, options, (database) => {
      assertSupported(options)
      const upload = new Upload(database, key)
      const call = (work) => this.#call({ operation: 'commit', key }, options, work)
      const publish = () => call(() => describe(upload.publish(options.condition)))
      const target = {
        sendPart: (part) => call(() => addParts(upload, part.body, part.offset)),
        publishWhole: (body) => {
          addParts(upload, body, 0)
          return publish()
        },
        publishParts: publish,
        abandon: async () => upload.abandon(),
      }
      return new PartWriter(target, {
        leastBytes: partBytes,
        unitBytes: partBytes,
        preferredBytes: partBytes,
        parallel: 1,
        ...options,
      })
    })
  }

  async *list(prefix, options) {
    const { signal, ...how } = options
    const database = await this.#call(
      { operation: 'list', key: prefix },
      options,
      (opened) => opened,
    )
    for (const entry of listObjects(database, prefix, how)) {
      signal?.throwIfAborted()
      yield 'folder' in entry
        ? { kind: 'folder', prefix: entry.folder }
        : { kind: 'object', info: describe(entry) }
    }
  }

  async delete(key, options = {}) {
    return this.#call({ operation: 'delete', key }, options, (database) =>
      transaction(database, () => {
        const row = findObject(database, key)
        if (row === undefined) return
        if (options.ifVersion !== undefined && options.ifVersion !== String(row.upload)) {
          throw storageError('STORAGE_PRECONDITION_FAILED', `changed meanwhile: ${key}`, { key })
        }
        database.prepare('DELETE FROM objects WHERE key = ?').run(key)
        retire(database, row)
      }),
    )
  }

  deleteMany(keys, options = {}) {
    return deleteEach(keys, (key) => this.delete(key), options)
  }

  async sweepUnfinished(prefix, options) {
    return this.#call({ operation: 'sweepUnfinished', key: prefix }, options, (database) =>
      transaction(database, () => {
        const old = database
          .prepare(`SELECT id, key FROM uploads WHERE started <= ${sqlNow} - ?`)
          .all(options.olderThanMs)
          .filter(({ key }) => key.startsWith(prefix) && options.isOurs(key))
        for (const { id } of old) {
          database.prepare('DELETE FROM uploads WHERE id = ?').run(id)
          removeParts(database, id)
        }
        return old.length
      }),
    )
  }

  async [Symbol.asyncDispose]() {
    this.#opened?.close()
    this.#opened = undefined
  }

  async #call(facts, { signal }, work) {
    signal?.throwIfAborted()
    try {
      this.#opened ??= openDatabase(this.#path, this.#access)
      return await work(this.#opened)
    } catch (error) {
      throw sqliteError(error, facts)
    }
  }
}

function describe({ key, upload, size, modified }) {
  return { key, size, version: String(upload), lastModified: new Date(modified) }
}

function assertSupported({ retainUntil }) {
  if (retainUntil === undefined) return
  throw storageError('STORAGE_UNSUPPORTED', 'SQLite cannot lock objects until a date')
}

function assertInside({ start, end }, { key, size }, range) {
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end)
  if (range === undefined || (whole && start >= 0 && start < end && end <= size)) return
  throw storageError('STORAGE_RANGE', `no such byte range: ${key}`, { key, size })
}

function addParts(upload, body, offset) {
  for (let start = 0; start < body.byteLength; start += partBytes) {
    upload.addPart(offset + start, body.subarray(start, start + partBytes))
  }
}

/** Called within a snapshot. The first part is read at once: an object of one part is then whole, whatever becomes of it. */
function readSpan(database, { key, upload }, { start, end }, signal) {
  const select = database.prepare(
    'SELECT start, bytes FROM parts WHERE upload = ? AND start <= ? ORDER BY start DESC LIMIT 1',
  )
  const bytesAt = (position) => {
    const part = select.get(upload, position)
    if (part !== undefined) return part.bytes.subarray(position - part.start, end - part.start)
    throw new KanneryError('STORAGE_UNAVAILABLE', `swept while it was read: ${key}`, {
      retry: 'same-request',
      facts: { backend: 'sqlite', key },
    })
  }
  return pieces(start < end ? bytesAt(start) : undefined)

  async function* pieces(first) {
    let bytes = first
    for (let position = start; bytes !== undefined; ) {
      signal?.throwIfAborted()
      yield bytes
      position += bytes.byteLength
      bytes = position < end ? bytesAt(position) : undefined
    }
  }
}
