import type { EditOptions } from '@kannery/core/retention'
import { UlidSource } from '@kannery/core/ulid'
import type { StorageBackend } from '@kannery/storage'
import { systemClock, systemRandom } from '../../system.ts'

/** By what core changes an index of this storage beside whoever writes it. */
export function editing(storage: StorageBackend): EditOptions {
  const ids = new UlidSource({ clock: systemClock, random: systemRandom })
  return { storage, clock: systemClock, ids }
}
