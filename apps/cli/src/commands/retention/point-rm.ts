import { type PointRules, removeTopicPoints, thinTopicPoints } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import type { CommandDeclaration, Invocation, OptionValues } from '../../command.ts'
import { storageArgument } from '../options/storage-options.ts'
import { formatPoints } from './point-ls.ts'
import { retentionWork, topicOption } from './retention-options.ts'

const periods = ['last', 'daily', 'weekly', 'monthly', 'yearly'] as const
const descriptions: Readonly<Record<(typeof periods)[number], string>> = {
  last: 'keep the newest N',
  daily: 'keep the newest of each of the last N days that have one (UTC)',
  weekly: 'keep the newest of each of the last N weeks that have one, from Monday',
  monthly: 'keep the newest of each of the last N months that have one',
  yearly: 'keep the newest of each of the last N years that have one',
}

export const pointRmCommand: CommandDeclaration = {
  name: 'point rm',
  summary: 'remove a point, or all that no rule keeps',
  description:
    'Removes one point by its name, or by its moment where it has no name; or, with rules, every point without a name that none of them keeps. What no point keeps any more, and is older than the retention, is marked as expired by the next backup or prune, and deleted a day later.',
  arguments: [
    storageArgument,
    {
      name: 'point',
      description: 'its name, or its moment as kannery point ls shows it',
      optional: true,
    },
  ],
  options: [
    topicOption,
    ...periods.map((period) => ({
      name: `keep-${period}`,
      value: 'N',
      description: descriptions[period],
    })),
  ],
  examples: [
    'kannery point rm ./backups before-migration',
    'kannery point rm ./backups --keep-daily 7 --keep-weekly 4 --keep-monthly 12',
  ],
  run,
}

async function run(invocation: Invocation): Promise<void> {
  const { options, terminal } = invocation
  const [, which] = invocation.arguments
  const rules = rulesOf(options)
  if ((which === undefined) === (rules === undefined)) throw whichOrRules()
  const work = retentionWork(invocation)
  const {
    done: removed,
    failed,
    error,
  } = which === undefined
    ? await thinTopicPoints(rules ?? {}, work)
    : await removeTopicPoints(which, work)
  if (which !== undefined && removed.length === 0) throw error ?? noSuchPoint(which)
  await terminal.result({ removed, failed }, formatPoints(removed, failed))
  if (error !== undefined) throw error
}

/** undefined without any. */
function rulesOf(options: OptionValues): PointRules | undefined {
  const given = periods.flatMap((period) => {
    const text = options.text(`keep-${period}`)
    return text === undefined ? [] : [[period, countOf(`--keep-${period}`, text)] as const]
  })
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

function countOf(option: string, text: string): number {
  if (/^[0-9]{1,6}$/.test(text)) return Number(text)
  throw new KanneryError(
    'CONFIG_INVALID',
    `${option} wants a number, not ${JSON.stringify(text)}`,
    {
      remedy: 'Say how many are to be kept, such as 7.',
    },
  )
}

function whichOrRules(): KanneryError {
  return new KanneryError('CONFIG_INVALID', 'which points are to be removed?', {
    why: 'either one of them, or rules by which they are thinned out, and not both',
    remedy: 'Name a point as kannery point ls shows it, or give --keep-daily and the like.',
  })
}

function noSuchPoint(which: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', `no topic has a point "${which}"`, {
    remedy: 'kannery point ls shows what is there.',
  })
}
