import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { storageError } from './errors.js'

const schema = `
  PRAGMA synchronous = EXTRA;
  PRAGMA foreign_keys = ON;
  CREATE TABLE IF NOT EXISTS uploads (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, started INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS parts (
    upload INTEGER NOT NULL, start INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (upload, start)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS objects (
    key TEXT PRIMARY KEY, upload INTEGER NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL
  ) WITHOUT ROWID;
`

/**
 * Opens the file; a writer makes it if its folder is there. A reader never writes, so that a file on a read-only disk will do.
 * EXTRA makes a commit durable, the folder's entry included: https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export function openDatabase(path, access) {
  if (!existsSync(access === 'read' ? path : dirname(path))) {
    throw storageError('STORAGE_CONTAINER_NOT_FOUND', `there is no SQLite storage at ${path}`, {
      path,
    })
  }
  const database = new DatabaseSync(path, { readOnly: access === 'read', timeout: 10_000 })
  if (access === 'write') database.exec(schema)
  return database
}

/** One write transaction: all of `change`, or nothing. IMMEDIATE takes the lock first, so that what it reads cannot change. */
export function transaction(database, change) {
  return within(database, 'BEGIN IMMEDIATE', change)
}

/** What `look` reads is of one moment, whatever other processes write meanwhile. */
export function snapshot(database, look) {
  return within(database, 'BEGIN', look)
}

function within(database, begin, work) {
  database.exec(begin)
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Milliseconds, by the clock of the storage: that of the machine with the file. */
export const sqlNow = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`
