import type { Job } from '@kannery/resources'
import { asKanneryError } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import type { CommandContext } from '../../command.ts'
import { documentOf, labelOf } from './run-documents.ts'

/**
 * Runs jobs one after the other. One that fails does not keep the others; an interruption does.
 *
 * @throws the first error, with the document that it is of; what interrupted it before a job began
 */
export async function runInTurn(
  jobs: readonly Job[],
  run: (job: Job) => Promise<void>,
  { terminal, signal }: Pick<CommandContext, 'terminal' | 'signal'>,
): Promise<void> {
  const failures: unknown[] = []
  let ended = 0
  for (const job of jobs) {
    if (signal.aborted) break
    try {
      await run(job)
    } catch (thrown) {
      const failure = ofDocument(job, thrown, signal)
      failures.push(failure)
      // The next one may run for days before this error ends the command.
      const isLast = ended === jobs.length - 1
      if (!isLast && KanneryError.is(failure)) terminal.warning(failure)
    }
    ended += 1
  }
  const notRun = jobs.slice(ended).map((job) => labelOf(documentOf(job)))
  if (notRun.length > 0) terminal.note(`not run: ${notRun.join(', ')}`)
  if (failures.length > 0) throw failures[0]
  if (notRun.length > 0) signal.throwIfAborted()
}

function ofDocument(job: Job, thrown: unknown, signal: AbortSignal): unknown {
  // The edge of the command line knows which of these are the interruption.
  if (signal.aborted && !KanneryError.is(thrown)) return thrown
  const error = asKanneryError(thrown)
  const document = labelOf(documentOf(job))
  return error.with({ message: `${document}: ${error.message}`, facts: { document } })
}
