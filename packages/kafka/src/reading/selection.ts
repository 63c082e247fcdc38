import { chooseIncarnation, type Index } from '@kannery/core/index-file'
import { KanneryError } from '@kannery/storage'
import type { RestoreWindow } from './window.ts'

/** The records of a topic's backup that are asked for. */
export interface Choice {
  readonly window: RestoreWindow
  /** Numbers of partitions. Defaults to all of them. */
  readonly partitions?: readonly number[] | undefined
  /** Number of an incarnation of the topic. Defaults to the last one that is complete. */
  readonly incarnation?: number | undefined
}

/** The records that a {@link Choice} means, as found in the index. */
export interface Selection {
  readonly incarnation: Index['incarnations'][number]
  readonly partitions: ReadonlySet<number>
  readonly window: RestoreWindow
}

/**
 * Finds in the index what was chosen.
 *
 * @throws CONFIG_INVALID if the backup does not have the incarnation or one of the partitions;
 *   STORAGE_NOT_FOUND before anything was backed up.
 */
export function select(
  index: Pick<Index, 'topic' | 'incarnations'>,
  { window, partitions, incarnation: n }: Choice,
): Selection {
  const incarnation = chooseIncarnation(index, n)
  if (incarnation === undefined) {
    throw new KanneryError('STORAGE_NOT_FOUND', `the backup of topic "${index.topic}" is empty`, {
      why: 'a backup began, but nothing was committed',
      facts: { topic: index.topic },
    })
  }
  const known = Array.from({ length: incarnation.partitions }, (_, partition) => partition)
  const unknown = partitions?.filter((partition) => !known.includes(partition)) ?? []
  if (unknown.length > 0) throw unknownPartitions(index.topic, unknown, known.length)
  return { incarnation, window, partitions: new Set(partitions ?? known) }
}

function unknownPartitions(topic: string, unknown: readonly number[], count: number): KanneryError {
  return new KanneryError(
    'CONFIG_INVALID',
    `the backup of topic "${topic}" has no partition ${unknown.join(', ')}`,
    {
      why: `it has ${count} partitions, counted from 0`,
      remedy: 'Choose partitions that the backup has.',
      facts: { topic, partitions: count },
    },
  )
}
