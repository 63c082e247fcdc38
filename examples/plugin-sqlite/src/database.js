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
 * Opens the file; a writer makes it if its folder exists. A reader never writes, so that the disk may be read-only.
 * EXTRA makes a commit durable, including the folder's entry: https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export function openDatabase(path, access) {
  const needed = access === 'read' ? path : dirname(path)
  if (!existsSync(needed)) {
    const missing = { code: 'STORAGE_CONTAINER_NOT_FOUND', message: 'no such file or folder' }
    throw storageError(missing, needed)
  }
  const database = new DatabaseSync(path, { readOnly: access === 'read', timeout: 10_000 })
  if (access === 'write') database.exec(schema)
  return database
}

/** Runs a write transaction: all of `change`, or nothing. IMMEDIATE locks first, so that what it reads cannot change. */
export function transaction(database, change) {
  return within(database, 'BEGIN IMMEDIATE', change)
}

/** Runs a read transaction: `look` sees one state, whatever other processes write in the meantime. */
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

/** The time in milliseconds by the storage's clock, which is that of this machine. */
export const sqlNow = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`
