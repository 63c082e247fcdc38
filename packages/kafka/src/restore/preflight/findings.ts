import { KanneryError } from '@kannery/storage'

/** What stands against a restore, gathered so that a person can mend all of it at once. */
export class Findings {
  readonly #errors: KanneryError[] = []

  add(...errors: readonly KanneryError[]): void {
    for (const error of errors) {
      const known = this.#errors.some(
        ({ message, why }) => message === error.message && why === error.why,
      )
      if (!known) this.#errors.push(error)
    }
  }

  /**
   * Runs a check. What it throws becomes a finding, unless nothing can be found out any more: a
   * cluster that does not answer.
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

  /**
   * Returns `value`, which may only be undefined where there are findings.
   *
   * @throws as {@link throwIfAny}
   */
  require<T>(value: T | undefined): T {
    this.throwIfAny()
    if (value !== undefined) return value
    throw new KanneryError('INTERNAL', 'a check of the target gave neither a result nor a reason')
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

function describe({ code, message, why }: KanneryError, index: number): string {
  const reason = why === undefined ? '' : `: ${why}`
  return `${index + 1}. ${message}${reason} (${code})`
}
