import { commonMeanings } from '@kannery/storage/backend'
import { sqlNow, transaction } from './database.js'
import { storageError } from './errors.js'

/** The size of a part: what one row holds, and what a reader has in memory. */
export const partBytes = 1024 * 1024

/**
 * An object that is being written: its parts have an id that no object names yet. The id becomes the object's version;
 * AUTOINCREMENT never gives one twice (https://www.sqlite.org/autoinc.html).
 */
export class Upload {
  #database
  #key
  #condition
  #id

  constructor(database, key, { condition, retainUntil }) {
    const noLocks = { ...commonMeanings.unsupported, message: 'SQLite cannot lock objects' }
    if (retainUntil !== undefined) throw storageError(noLocks, key)
    this.#database = database
    this.#key = key
    this.#condition = condition
    const insert = database.prepare(`INSERT INTO uploads (key, started) VALUES (?, ${sqlNow})`)
    this.#id = Number(insert.run(key).lastInsertRowid)
  }

  addParts(offset, body) {
    const insert = this.#database.prepare('INSERT OR REPLACE INTO parts VALUES (?, ?, ?)')
    for (let start = 0; start < body.byteLength; start += partBytes) {
      insert.run(this.#id, offset + start, body.subarray(start, start + partBytes))
    }
  }

  /** Gives the parts, and `body` if it is the whole object, the object's name in one transaction with the check of the condition. */
  publish(body = new Uint8Array()) {
    try {
      return transaction(this.#database, () => this.#publish(body))
    } catch (error) {
      this.abandon()
      throw error
    }
  }

  abandon() {
    transaction(this.#database, () => {
      const { changes } = this.#database.prepare('DELETE FROM uploads WHERE id = ?').run(this.#id)
      if (changes > 0) removeParts(this.#database, this.#id)
    })
  }

  #publish(body) {
    const removed = this.#database.prepare('DELETE FROM uploads WHERE id = ?').run(this.#id)
    // No upload: its parts were swept.
    if (removed.changes === 0) throw storageError(commonMeanings.rewriteNeeded, this.#key)
    const present = findObject(this.#database, this.#key)
    judge(this.#condition, present, this.#key)
    if (present !== undefined) retire(this.#database, present)
    this.addParts(0, body)
    const row = this.#database
      .prepare(
        `INSERT OR REPLACE INTO objects (key, upload, size, modified)
         VALUES (?, ?, (SELECT coalesce(sum(length(bytes)), 0) FROM parts WHERE upload = ?), ${sqlNow})
         RETURNING key, upload, size, modified`,
      )
      .get(this.#key, this.#id, this.#id)
    return describe(row)
  }
}

export function findObject(database, key) {
  return database.prepare('SELECT key, upload, size, modified FROM objects WHERE key = ?').get(key)
}

export function describe({ key, upload, size, modified }) {
  return { key, size, version: String(upload), lastModified: new Date(modified) }
}

/** Throws unless the condition holds for the object that is present, if any. */
export function judge(condition, present, key) {
  if (condition.kind === 'if-absent' && present !== undefined) {
    throw storageError(commonMeanings.alreadyExists, key)
  }
  if (condition.kind === 'if-version' && String(present?.upload) !== condition.version) {
    throw storageError(commonMeanings.changed, key)
  }
}

/** Removes a version. One of several parts becomes an unfinished upload until it is swept: it may still be read. */
export function retire(database, { key, upload, size }) {
  if (size <= partBytes) removeParts(database, upload)
  else {
    database
      .prepare(`INSERT INTO uploads (id, key, started) VALUES (?, ?, ${sqlNow})`)
      .run(upload, key)
  }
}

export function removeParts(database, upload) {
  database.prepare('DELETE FROM parts WHERE upload = ?').run(upload)
}
