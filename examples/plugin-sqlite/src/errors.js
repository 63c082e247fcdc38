import { KanneryError } from '@kannery/storage'

/** What SQLite's result codes mean for a caller. Extended codes end in these eight bits. https://www.sqlite.org/rescode.html */
const codes = new Map([
  [3, ['STORAGE_DENIED', 'never']], // SQLITE_PERM
  [5, ['STORAGE_UNAVAILABLE', 'same-request']], // SQLITE_BUSY: another process writes
  [6, ['STORAGE_UNAVAILABLE', 'same-request']], // SQLITE_LOCKED
  [8, ['STORAGE_DENIED', 'never']], // SQLITE_READONLY
  [10, ['STORAGE_UNAVAILABLE', 'same-request']], // SQLITE_IOERR
  [11, ['DATA_CORRUPT', 'never']], // SQLITE_CORRUPT
  [13, ['STORAGE_FULL', 'never']], // SQLITE_FULL
  [14, ['STORAGE_CONTAINER_NOT_FOUND', 'never']], // SQLITE_CANTOPEN
  [26, ['CONFIG_INVALID', 'never']], // SQLITE_NOTADB
])

/** Turns what SQLite threw into an error of Kannery; other errors pass unchanged. */
export function sqliteError(error, facts) {
  if (error?.code !== 'ERR_SQLITE_ERROR') return error
  const [code, retry] = codes.get(error.errcode & 0xff) ?? ['INTERNAL', 'never']
  return new KanneryError(code, `SQLite: ${error.message}`, {
    retry,
    cause: error,
    facts: { backend: 'sqlite', status: error.errcode, ...facts },
  })
}

/** The error that a meaning is for one object: `storageError(commonMeanings.notFound, key)`. */
export function storageError({ code, message, retry }, key) {
  return new KanneryError(code, `${message}: ${key}`, { retry, facts: { backend: 'sqlite', key } })
}
