import { selectSpan } from '@kannery/storage'
import { assertPutSize, commonMeanings, deleteEach, PartWriter } from '@kannery/storage/backend'
import { openDatabase, snapshot, sqlNow, transaction } from './database.js'
import { sqliteError, storageError } from './errors.js'
import { listObjects } from './listing.js'
import { describe, findObject, judge, partBytes, removeParts, retire, Upload } from './uploads.js'

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
    const { range, ifVersion, signal } = options
    return this.#call({ operation: 'get', key }, options, (database) =>
      snapshot(database, () => {
        const row = findObject(database, key)
        if (row === undefined) throw storageError(commonMeanings.notFound, key)
        if (ifVersion !== undefined) judge({ kind: 'if-version', version: ifVersion }, row, key)
        const span = selectSpan(range, row.size)
        if (span === undefined) throw storageError(commonMeanings.outsideRange, key)
        return {
          info: describe(row),
          body: readSpan(database, row, span, signal),
          async [Symbol.asyncDispose]() {},
        }
      }),
    )
  }

  async put(key, body, options) {
    assertPutSize(body)
    return this.#call({ operation: 'put', key }, options, (database) =>
      new Upload(database, key, options).publish(body),
    )
  }

  async openWriter(key, options) {
    const call = (work) => this.#call({ operation: 'openWriter', key }, options, work)
    const upload = await call((database) => new Upload(database, key, options))
    const target = {
      sendPart: (part) => call(() => upload.addParts(part.offset, part.body)),
      publishWhole: (body) => call(() => upload.publish(body)),
      publishParts: () => call(() => upload.publish()),
      abandon: async () => upload.abandon(),
    }
    return new PartWriter(target, {
      leastBytes: partBytes,
      unitBytes: partBytes,
      preferredBytes: partBytes,
      parallel: 1,
      ...options,
    })
  }

  async *list(prefix, options) {
    const facts = { operation: 'list', key: prefix }
    const database = await this.#call(facts, options, (opened) => opened)
    yield* listObjects(database, prefix, options)
  }

  async delete(key, options = {}) {
    const { ifVersion } = options
    return this.#call({ operation: 'delete', key }, options, (database) =>
      transaction(database, () => {
        const row = findObject(database, key)
        if (row === undefined) return
        if (ifVersion !== undefined) judge({ kind: 'if-version', version: ifVersion }, row, key)
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

/** Called within a snapshot. It reads the first part at once: an object of one part is then complete, whatever happens to it. */
function readSpan(database, { key, upload }, { start, end }, signal) {
  const select = database.prepare(
    'SELECT start, bytes FROM parts WHERE upload = ? AND start <= ? ORDER BY start DESC LIMIT 1',
  )
  const bytesAt = (position) => {
    const part = select.get(upload, position)
    if (part !== undefined) return part.bytes.subarray(position - part.start, end - part.start)
    throw storageError({ ...commonMeanings.busy, message: 'swept while it was read' }, key)
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
