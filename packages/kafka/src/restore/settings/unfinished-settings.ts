import type { TopicConfig } from '../../cluster/topic-config.ts'
import type { LeftOutSetting } from './accepted-settings.ts'
import { isHeld, isMarked } from './held-settings.ts'
import type { Settings } from './topic-settings.ts'

/** The settings of a topic that an interrupted restore created. */
export interface UnfinishedSettings {
  readonly held: Settings
  readonly final: Settings
  /** Settings of the source without which it was created. */
  readonly leftOut: readonly LeftOutSetting[]
}

/**
 * Recognises a topic that a restore of this backup created and did not finish: it has settings that
 * only a restore makes, and all others are its final ones. Returns undefined for every other topic.
 */
export function unfinishedSettings(
  { overrides }: Pick<TopicConfig, 'overrides'>,
  wanted: Settings,
): UnfinishedSettings | undefined {
  const entries = Object.entries(overrides)
  const held = entries.filter(([name, value]) => wanted[name] !== value)
  if (!isMarked(overrides, wanted) || !held.every(([name, value]) => isHeld(name, value))) {
    return undefined
  }
  const lacking = Object.entries(wanted).filter(([name]) => overrides[name] === undefined)
  return {
    held: Object.fromEntries(held),
    final: Object.fromEntries(
      Object.entries(wanted).filter(([name]) => overrides[name] !== undefined),
    ),
    leftOut: lacking.map(([name, value]) => ({
      name,
      value,
      reason: 'the topic was created without it',
    })),
  }
}
