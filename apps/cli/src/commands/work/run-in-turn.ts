import type { Job } from '@kannery/resources'
import { asKanneryError } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import type { CommandContext } from '../../command.ts'
import { documentOf, labelOf } from './run-documents.ts'

/**
 * Runs jobs one after the other. One that fails does not keep the others; an interruption does.
 * Each error is reported once: as a warning if another job follows or another failed before, else
 * as what is thrown.
 *
 * @throws the error of the last job, with its document, if no other failed; else an error with the
 *   code of the first one that names the documents; what interrupted it before a job began
 */
export async function runInTurn(
  jobs: readonly Job[],
  run: (job: Job) => Promise<void>,
  { terminal, signal }: Pick<CommandContext, 'terminal' | 'signal'>,
): Promise<void> {
  const reported: KanneryError[] = []
  const unreported: unknown[] = []
  const unfinished: string[] = []
  let ended = 0
  for (const job of jobs) {
    if (signal.aborted) break
    try {
      await run(job)
    } catch (thrown) {
      const failure = ofDocument(job, thrown, signal)
      if (!KanneryError.is(failure)) unfinished.push(labelOf(documentOf(job)))
      const isLast = signal.aborted || ended === jobs.length - 1
      if (isLast && reported.length === 0) unreported.push(failure)
      else if (KanneryError.is(failure)) {
        // The next one may run for days before the command ends.
        terminal.warning(failure)
        reported.push(failure)
      }
    }
    ended += 1
  }
  if (unfinished.length > 0) terminal.note(`not finished: ${unfinished.join(', ')}`)
  const notRun = jobs.slice(ended).map((job) => labelOf(documentOf(job)))
  if (notRun.length > 0) terminal.note(`not run: ${notRun.join(', ')}`)
  if (unreported.length > 0) throw unreported[0]
  const [first] = reported
  if (first !== undefined) throw summaryOf(first, reported, ended)
  if (notRun.length > 0) signal.throwIfAborted()
}

function summaryOf(
  first: KanneryError,
  reported: readonly KanneryError[],
  ended: number,
): KanneryError {
  return new KanneryError(first.code, `${reported.length} of ${ended} documents failed`, {
    why: reported.map(({ code, facts }) => `${facts['document']}: ${code}`).join('\n'),
    remedy: 'Do what each warning says, then apply only the documents that failed.',
    facts: { document: first.facts['document'], failed: reported.length },
    cause: first,
  })
}

function ofDocument(job: Job, thrown: unknown, signal: AbortSignal): unknown {
  // The edge of the command line knows which of these are the interruption.
  if (signal.aborted && !KanneryError.is(thrown)) return thrown
  const error = asKanneryError(thrown)
  const document = labelOf(documentOf(job))
  return error.with({ message: `${document}: ${error.message}`, facts: { document } })
}
