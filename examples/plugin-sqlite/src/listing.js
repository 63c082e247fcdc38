import { describe } from './uploads.js'

const pageRows = 500

/**
 * Lists in key order: SQLite compares text by its UTF-8 bytes, as listings do. It reads a page at a time, so that no read lock
 * is held while the caller works.
 */
export function* listObjects(database, prefix, { depth, startAfter, signal }) {
  const select = database.prepare(
    `SELECT key, upload, size, modified FROM objects WHERE key >= ? AND key < ? ORDER BY key LIMIT ${pageRows}`,
  )
  const end = prefix === '' ? '\u{10ffff}' : after(prefix)
  let from = laterOf(prefix, startAfter === undefined ? '' : `${startAfter}\0`)
  for (let rows = select.all(from, end); rows.length > 0; rows = select.all(from, end)) {
    for (const row of rows) {
      signal?.throwIfAborted()
      const slash = depth === 'children' ? row.key.indexOf('/', prefix.length) : -1
      from = `${row.key}\0`
      if (slash === -1) yield { kind: 'object', info: describe(row) }
      else {
        const folder = row.key.slice(0, slash + 1)
        yield { kind: 'folder', prefix: folder }
        from = after(folder)
        break
      }
    }
  }
}

/** The first text after all that begins with `folder`: '0' follows '/'. */
function after(folder) {
  return `${folder.slice(0, -1)}0`
}

function laterOf(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 ? b : a
}
