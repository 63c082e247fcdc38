import { sqlNow, transaction } from './database.js'
import { storageError } from './errors.js'

/** Parts are what one row holds, and what a reader has in memory. */
export const partBytes = 1024 * 1024

/**
 * An object that is being written: its parts lie under an id that no object names yet. The id becomes the object's version;
 * AUTOINCREMENT never gives one twice (https://www.sqlite.org/autoinc.html).
 */
export class Upload {
  #database
  #key
  #id

  constructor(database, key) {
    this.#database = database
    this.#key = key
    const insert = database.prepare(`INSERT INTO uploads (key, started) VALUES (?, ${sqlNow})`)
    this.#id = Number(insert.run(key).lastInsertRowid)
  }

  addPart(start, bytes) {
    this.#database
      .prepare('INSERT OR REPLACE INTO parts (upload, start, bytes) VALUES (?, ?, ?)')
      .run(this.#id, start, bytes)
  }

  /** Gives the parts the object's name, in one transaction with the judgement of the condition. */
  publish(condition) {
    return transaction(this.#database, () => {
      const key = this.#key
      this.#assertNotSwept()
      const present = findObject(this.#database, key)
      judge(condition, present, key)
      if (present !== undefined) retire(this.#database, present)
      this.#database.prepare('DELETE FROM uploads WHERE id = ?').run(this.#id)
      return this.#database
        .prepare(
          `INSERT OR REPLACE INTO objects (key, upload, size, modified)
           VALUES (?, ?, (SELECT coalesce(sum(length(bytes)), 0) FROM parts WHERE upload = ?), ${sqlNow})
           RETURNING key, upload, size, modified`,
        )
        .get(key, this.#id, this.#id)
    })
  }

  abandon() {
    transaction(this.#database, () => {
      const { changes } = this.#database.prepare('DELETE FROM uploads WHERE id = ?').run(this.#id)
      if (changes > 0) removeParts(this.#database, this.#id)
    })
  }

  #assertNotSwept() {
    const found = this.#database.prepare('SELECT 1 FROM uploads WHERE id = ?').get(this.#id)
    if (found !== undefined) return
    throw storageError('STORAGE_REWRITE_NEEDED', 'the unfinished parts were swept away', {
      key: this.#key,
    })
  }
}

export function findObject(database, key) {
  return database.prepare('SELECT key, upload, size, modified FROM objects WHERE key = ?').get(key)
}

/**
 * Lets go of a version. Somebody may be reading it part by part, so what has several parts stays as an unfinished upload until
 * it is swept.
 */
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

function judge(condition, present, key) {
  if (condition.kind === 'if-absent' && present !== undefined) {
    throw storageError('STORAGE_ALREADY_EXISTS', `already there: ${key}`, { key })
  }
  if (condition.kind === 'if-version' && String(present?.upload) !== condition.version) {
    throw storageError('STORAGE_PRECONDITION_FAILED', `changed meanwhile: ${key}`, { key })
  }
}
