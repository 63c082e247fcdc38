import { type PointRules, removeTopicPoints, thinTopicPoints } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import { type CommandDeclaration, defineCommand, type OptionValues } from '../../command.ts'
import { integer } from '../../options.ts'
import { storageArgument } from '../options/storage-options.ts'
import { formatPoints } from './point-ls.ts'
import { retentionWork, topicOption } from './retention-options.ts'

const count = integer({ min: 0, max: 999_999 })

const ruleOptions = {
  'keep-last': count({ value: 'N', description: 'keep the newest N' }),
  'keep-daily': count({
    value: 'N',
    description: 'keep the newest of each of the last N days that have one (UTC)',
  }),
  'keep-weekly': count({
    value: 'N',
    description: 'keep the newest of each of the last N weeks that have one, from Monday',
  }),
  'keep-monthly': count({
    value: 'N',
    description: 'keep the newest of each of the last N months that have one',
  }),
  'keep-yearly': count({
    value: 'N',
    description: 'keep the newest of each of the last N years that have one',
  }),
}

export const pointRmCommand: CommandDeclaration = defineCommand({
  name: 'point rm',
  summary: 'remove a point, or all points that no rule keeps',
  description:
    'Removes one point by its name, or by its moment if it has no name; or, with rules, every point without a name that no rule keeps. The next backup or prune marks what is older than the retention and no longer kept by a point as expired; it is deleted a day later.',
  arguments: {
    storage: storageArgument,
    point: { description: 'its name, or its moment as kannery point ls shows it', optional: true },
  },
  options: { topic: topicOption, ...ruleOptions },
  examples: [
    'kannery point rm ./backups before-migration',
    'kannery point rm ./backups --keep-daily 7 --keep-weekly 4 --keep-monthly 12',
  ],
  async run(invocation) {
    const { options, terminal } = invocation
    const { point: which } = invocation.arguments
    const rules = rulesOf(options)
    if ((which === undefined) === (rules === undefined)) throw whichOrRules()
    const work = await retentionWork(invocation)
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
  },
})

/** The rules that were given; undefined without any. */
function rulesOf(options: OptionValues<typeof ruleOptions>): PointRules | undefined {
  const rules = {
    last: options.keepLast,
    daily: options.keepDaily,
    weekly: options.keepWeekly,
    monthly: options.keepMonthly,
    yearly: options.keepYearly,
  }
  const given = Object.entries(rules).filter(([, number]) => number !== undefined)
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

function whichOrRules(): KanneryError {
  return new KanneryError('CONFIG_INVALID', 'which points are to be removed?', {
    why: 'the command takes either one point or rules, not both',
    remedy: 'Name a point as kannery point ls shows it, or give rules such as --keep-daily 7.',
  })
}

function noSuchPoint(which: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', `no topic has a point "${which}"`, {
    remedy: 'kannery point ls lists the points.',
  })
}
