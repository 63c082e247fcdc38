import type { SeededRandom } from '@kannery/storage-testkit'
import type { RetentionTiming } from '../../src/retention/due.ts'
import type { Retention } from '../../src/retention/retention.ts'
import { minutes, type World } from '../fixtures.ts'
import type { KafkaModel } from './kafka-model.ts'
import type { Ledger } from './ledger.ts'

export const retentionMs = minutes(15)
export const retention: Retention = { kind: 'delete', after: '15m', afterMs: retentionMs }
export const timing: RetentionTiming = {
  graceMs: minutes(10),
  slackMs: minutes(1),
}

/** What a person does by mistake. */
export type Mishap = 'lease deleted' | 'index deleted' | 'folder deleted'

/** What all processes and people in one history share. */
export interface Scene {
  readonly world: World
  readonly random: SeededRandom
  readonly kafka: KafkaModel
  readonly ledger: Ledger
  /** The faults that happened, as `step × fault`. */
  readonly cells: Set<string>
  readonly log: (line: string) => void
  /** Reports that a promise was not kept. */
  readonly complain: (text: string) => void
  readonly befall: (mishap: Mishap) => void
  /**
   * Whether a prune may begin beside a recovery: it finds objects that are written and not named
   * yet.
   */
  readonly startsPrune: () => boolean
}
