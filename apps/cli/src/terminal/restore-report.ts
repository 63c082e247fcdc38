import type {
  ChosenIncarnation,
  LeftOutSetting,
  MissingOffsets,
  RestorePlan,
  RestoreReport,
} from '@kannery/kafka'
import type { FailedTopic, RestoreJobReport } from '@kannery/runtime'
import { describeDamage, describeFailed } from './failures.ts'
import { formatBytes, formatCount, formatTable } from './format.ts'

/** So many ranges are named before the restore begins; the report names all. */
const namedRanges = 10

/** What a person should know before hours of writing: one line each. */
export function describePlan({
  notRestored,
  settingsLeftOut,
  ...chosen
}: RestorePlan): readonly string[] {
  const [named, others] = [notRestored.slice(0, namedRanges), notRestored.slice(namedRanges)]
  const rest = `… and ${formatCount(others.length)} more ranges; the report names all`
  return [
    ...describeIncarnation(chosen),
    ...settingsLeftOut.map(describeSetting),
    ...named.map(describeMissing),
    ...(others.length === 0 ? [] : [rest]),
  ]
}

/** The plans of all topics; where there are several, each line says of which topic it is. */
export function describePlans(plans: readonly RestorePlan[]): readonly string[] {
  const [first, ...others] = plans
  if (first === undefined || others.length === 0) return plans.flatMap(describePlan)
  return plans.flatMap((plan) => describePlan(plan).map((line) => `${plan.topic}: ${line}`))
}

/** What a restore did with each of its topics. */
export function describeRestore({ topics, failed }: RestoreJobReport): string {
  const begun = topics.map((report) => {
    return describeReport({
      ...report,
      failed: failed.filter(({ topic }) => topic === report.topic),
    })
  })
  const others = failed.filter((one) => !topics.some(({ topic }) => topic === one.topic))
  return [...begun, ...describeFailed(others)].join('\n\n')
}

/** What a restore did with one topic. */
export function describeReport(
  report: RestoreReport & { readonly failed?: readonly FailedTopic[] },
): string {
  const { topic, as, created, partitions, notRestored, settingsLeftOut, skippedDamage } = report
  const { verification, failed = [] } = report
  const table = formatTable(
    ['PARTITION', 'RECORDS', 'SIZE', 'OFFSETS'],
    partitions.map(({ partition, records, bytes, firstOffset, nextOffset }) => [
      String(partition),
      formatCount(records),
      formatBytes(bytes),
      `${firstOffset}..${nextOffset}`,
    ]),
  )
  const records = partitions.reduce((sum, partition) => sum + partition.records, 0)
  const lines = [
    ...(partitions.length === 0 ? [] : [table, '']),
    ...describeIncarnation(report),
    ...settingsLeftOut.map(describeSetting),
    ...notRestored.map(describeMissing),
    ...skippedDamage.map((damage) => `left out: ${describeDamage(damage)}`),
    `restored ${formatCount(records)} records of "${topic}" into "${as}"`,
  ]
  if (records === 0 && failed.length === 0) lines.push(whyNothing(report))
  lines.push(...describeChanges(report.changes))
  if (created && failed.length > 0) lines.push(`topic "${as}" was created`)
  if (verification !== undefined) lines.push(describeVerification(verification))
  return [...lines, ...describeFailed(failed)].join('\n')
}

function describeIncarnation({ incarnation, otherIncarnations }: ChosenIncarnation): string[] {
  if (otherIncarnations.length === 0) return []
  const others = otherIncarnations.join(', ')
  return [
    `of incarnation ${incarnation} of the topic; the backup also has ${others} (--incarnation)`,
  ]
}

function whyNothing({ as, notRestored, skippedDamage }: RestoreReport): string {
  if (notRestored.length > 0 || skippedDamage.length > 0) {
    return `nothing was restored: what is named above was all that was asked for; "${as}" is empty`
  }
  return `nothing was restored: the backup holds no record of what was asked for; "${as}" is empty`
}

function describeVerification({
  records,
  differences,
  missingOffsets,
}: NonNullable<RestoreReport['verification']>): string {
  const verified = `verified: ${formatCount(records)} records compared, ${differences.length} differences`
  if (missingOffsets === 0) return verified
  return `${verified}; nothing to compare for ${formatCount(missingOffsets)} offsets that the backup does not give`
}

function describeChanges(changes: RestoreReport['changes']): string[] {
  if (changes === undefined) return []
  const { headersDropped, headersAdded } = changes
  return [`headers: ${formatCount(headersDropped)} dropped, ${formatCount(headersAdded)} added`]
}

function describeSetting({ name, value, reason }: LeftOutSetting): string {
  return `setting left out: ${name}=${value}: ${reason}`
}

function describeMissing({ partition, offsets: [from, next], reason }: MissingOffsets): string {
  return `not restored: offsets ${from}..${next} of partition ${partition}: ${reason}`
}
