import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { runProgram } from './program.ts'
import type { Suite } from './suites.ts'

const suiteTimeoutMs = 20 * 60_000

/** What one suite, or one check, came to. */
export interface Outcome {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly minutes: number
  /** Why it counts as failed although no test says so. */
  readonly complaint?: string
}

/** What we read of vitest's report. */
interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly success: boolean
}

/** Runs a suite, its talk on our output, and counts its tests. */
export async function runSuite(suite: Suite, vitestWords: readonly string[]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'kannery-suite-'))
  const startedAt = performance.now()
  try {
    const reportFile = join(folder, 'report.json')
    const status = await runProgram(
      'vitest',
      [
        'run',
        ...['--reporter', 'default', '--reporter', 'json', '--outputFile.json', reportFile],
        ...(suite.project === undefined ? [] : ['--project', suite.project]),
        ...vitestWords,
      ],
      { cwd: join(repositoryRoot, suite.folder), timeoutMs: suiteTimeoutMs },
    )
    const report = JSON.parse(await readFile(reportFile, 'utf8').catch(() => 'null'))
    return judge(suite.name, { status, report, minutes: minutesSince(startedAt) })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export function minutesSince(startedAt: number): number {
  return (performance.now() - startedAt) / 60_000
}

interface SuiteRun {
  readonly status: number
  /** null when vitest wrote none. */
  readonly report: VitestReport | null
  readonly minutes: number
}

/** A suite that ran nothing, skipped something, or failed outside a test has failed. */
export function judge(name: string, { status, report, minutes }: SuiteRun): Outcome {
  const passed = report?.numPassedTests ?? 0
  const failed = report?.numFailedTests ?? 0
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0)
  const outcome = { name, passed, failed, minutes }
  if (report === null) return { ...outcome, failed: 1, complaint: 'it ended without a report' }
  // What a failed preparation kept from running did not pass either.
  if (failed > 0) return { ...outcome, failed: failed + skipped }
  if (status !== 0 || !report.success) {
    return { ...outcome, failed: 1, complaint: 'it failed outside of a test' }
  }
  if (skipped > 0) return { ...outcome, failed: skipped, complaint: `${skipped} tests skipped` }
  if (passed === 0) return { ...outcome, failed: 1, complaint: 'it ran no test' }
  return outcome
}
