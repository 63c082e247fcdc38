import { backupRows } from './backup.ts'
import type { Row } from './bench.ts'
import { memoryRows } from './memory.ts'
import { objectStorageRows } from './object-storage.ts'
import { restoreRows } from './restore.ts'

/** All rows that need a broker. */
export const rows: readonly Row[] = [
  ...[...backupRows, ...restoreRows],
  ...[...memoryRows, ...objectStorageRows],
]
