const pageRows = 500

/**
 * Rows of objects, and `{ folder }` for what lies below a folder, in key order. SQLite compares text by its UTF-8 bytes, as
 * listings do. A page at a time, so that no read lock is held while the caller works.
 */
export function* listObjects(database, prefix, { depth, startAfter }) {
  const select = database.prepare(
    `SELECT key, upload, size, modified FROM objects WHERE key >= ? AND key < ? ORDER BY key LIMIT ${pageRows}`,
  )
  const end = prefix === '' ? '\u{10ffff}' : behind(prefix)
  let from = laterOf(prefix, startAfter === undefined ? '' : `${startAfter}\0`)
  let rows = select.all(from, end)
  while (rows.length > 0) {
    for (const row of rows) {
      const slash = depth === 'children' ? row.key.indexOf('/', prefix.length) : -1
      from = `${row.key}\0`
      if (slash === -1) yield row
      else {
        const folder = row.key.slice(0, slash + 1)
        yield { folder }
        from = behind(folder)
        break
      }
    }
    rows = select.all(from, end)
  }
}

/** The first text behind all that begins with `folder`: '0' follows '/'. */
function behind(folder) {
  return `${folder.slice(0, -1)}0`
}

function laterOf(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 ? b : a
}
