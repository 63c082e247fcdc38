import { KanneryError } from '@kannery/storage'

/** https://www.sqlite.org/rescode.html: what each result code means for a caller. Extended codes end in these eight bits. */
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

/** Anything that SQLite threw, as an error of Kannery; what has a meaning already keeps it. */
export function sqliteError(error, facts) {
  if (KanneryError.is(error) || error?.code !== 'ERR_SQLITE_ERROR') return error
  const [code, retry] = codes.get(error.errcode & 0xff) ?? ['INTERNAL', 'never']
  return new KanneryError(code, `SQLite: ${error.message}`, {
    retry,
    cause: error,
    facts: { backend: 'sqlite', status: error.errcode, ...facts },
  })
}

export function storageError(code, message, facts) {
  const afterRefresh = /EXISTS|PRECONDITION|REWRITE/.test(code)
  return new KanneryError(code, message, {
    retry: afterRefresh ? 'after-refresh' : 'never',
    facts: { backend: 'sqlite', ...facts },
  })
}
