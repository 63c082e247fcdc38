import { KanneryError } from '@kannery/storage'
import { fullReason } from '../../cluster/errors.ts'

/** Collects what prevents a restore, so that all of it can be corrected at once. */
export class Findings {
  readonly #errors: KanneryError[] = []

  /** What was found, in the order in which it was added. */
  get errors(): readonly KanneryError[] {
    return this.#errors
  }

  add(...errors: readonly KanneryError[]): void {
    for (const error of errors) {
      const known = this.#errors.some(
        ({ message, why }) => message === error.message && why === error.why,
      )
      if (!known) this.#errors.push(error)
    }
  }

  /**
   * Runs a check. An error that it throws becomes a finding, unless it prevents further checks: a
   * cluster or a storage that does not answer.
   */
  async collect<T>(check: () => Promise<T>): Promise<T | undefined> {
    try {
      return await check()
    } catch (error) {
      if (!KanneryError.is(error) || error.retry !== 'never') throw error
      this.add(error)
      return undefined
    }
  }

  /** @throws the only finding as it is, or several as one error with the code of the first. */
  throwIfAny(): void {
    const [first, ...others] = this.#errors
    if (first === undefined) return
    if (others.length === 0) throw first
    const all = [first, ...others]
    const remedies = all.map(({ remedy }, index) => `${index + 1}. ${remedy}`)
    throw first.with({
      message: `${all.length} findings prevent the restore`,
      why: all.map(describe).join('\n'),
      remedy: `Nothing was written. Correct each finding, then restore again:\n${remedies.join('\n')}`,
      advice: {
        id: 'correct-findings',
        findings: all.map(({ remedy, advice }) => ({ remedy, advice })),
      },
      facts: {
        findings: all.length,
        codes: [...new Set(all.map(({ code }) => code))].join(','),
      },
      cause: new AggregateError(all),
    })
  }
}

function describe(error: KanneryError, index: number): string {
  return `${index + 1}. ${fullReason(error)} (${error.code})`
}
