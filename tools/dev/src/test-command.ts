import { buildCheck, type Check, lintChecks } from './build.ts'
import { type DevCommand, DevError, say } from './command.ts'
import { requireBuild } from './kannery-command.ts'
import { minutesSince, type Outcome, runSuite } from './run-suite.ts'
import { suites, suitesNamed, suiteWords } from './suites.ts'

export const testCommand: DevCommand = {
  name: 'test',
  usage: '[SUITE [WORDS FOR VITEST…]]',
  summary: `build, lint and run all tests, or one suite: ${suiteWords.join(', ')}`,
  run: ([word, ...vitestWords]) => (word === undefined ? testAll() : testSome(word, vitestWords)),
}

/** One suite after the other: two cores hardly serve one and its broker. */
async function testAll(): Promise<number> {
  const startedAt = performance.now()
  const outcomes: Outcome[] = []
  for (const check of [buildCheck, ...lintChecks]) outcomes.push(await runCheck(check))
  if (outcomes[0]?.failed === 0) {
    for (const suite of suites) {
      say(`\n— ${suite.name} (${suite.subject})`)
      outcomes.push(await runSuite(suite, []))
    }
  }
  return summarize(outcomes, minutesSince(startedAt))
}

async function testSome(word: string, vitestWords: readonly string[]): Promise<number> {
  const chosen = suitesNamed(word)
  if (chosen === undefined) {
    throw new DevError(
      `there is no suite ${JSON.stringify(word)}; there are ${suiteWords.join(', ')}`,
    )
  }
  const startedAt = performance.now()
  if (chosen.some(({ needsBuild }) => needsBuild === true)) await requireBuild()
  const outcomes: Outcome[] = []
  for (const suite of chosen) outcomes.push(await runSuite(suite, vitestWords))
  return summarize(outcomes, minutesSince(startedAt))
}

async function runCheck(check: Check): Promise<Outcome> {
  say(`\n— ${check.name}`)
  const startedAt = performance.now()
  const passed = await check.run()
  return {
    name: check.name,
    passed: passed ? 1 : 0,
    failed: passed ? 0 : 1,
    minutes: minutesSince(startedAt),
  }
}

/** The last line is for machines too: they read it to know that tests ran. */
function summarize(outcomes: readonly Outcome[], minutes: number): number {
  const sum = (count: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + count(outcome), 0)
  const failed = sum((outcome) => outcome.failed)
  const row = (name: string, ...cells: readonly string[]): string =>
    `${name.padEnd(24)}${cells.map((cell) => cell.padStart(9)).join('')}`
  const lines = [
    '',
    row('suite', 'passed', 'failed', 'minutes'),
    ...outcomes.map((outcome) => {
      const cells = [String(outcome.passed), String(outcome.failed), outcome.minutes.toFixed(1)]
      return `${row(outcome.name, ...cells)}${outcome.complaint === undefined ? '' : `  ${outcome.complaint}`}`
    }),
    row('all', '', '', minutes.toFixed(1)),
    `${sum((outcome) => outcome.passed)} passed, ${failed} failed`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  return failed === 0 ? 0 : 1
}
