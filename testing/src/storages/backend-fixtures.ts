import { randomBytes } from 'node:crypto'

export const mib = 1024 * 1024

/**
 * Part of an error after which the same request may be sent again: no answer came, only a part of
 * one, or one that says that the service is not available.
 */
export const unavailable = { code: 'STORAGE_UNAVAILABLE', retry: 'same-request' } as const

/** Returns a prefix that no other test uses. */
export function newPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`
}

/** Resolves with what `work` rejects with. @throws when `work` succeeds */
export async function errorOf(work: Promise<unknown>): Promise<Error> {
  return await work.then(
    () => {
      throw new Error('it succeeded')
    },
    (error) => error as Error,
  )
}

/** Returns all text of an error that a person or a log could get to see. */
export function visibleTextOf(error: Error): string {
  const { message, why, remedy, facts } = error as Error & Readonly<Record<string, unknown>>
  return JSON.stringify({ message, why, remedy, facts })
}

/** The progress of several requests, as a backend reports it. */
export interface ProgressReports {
  /** For each request, in their order, how many of its bytes had left at each report. */
  readonly reports: readonly (readonly number[])[]
  /** Returns the callback for the next request. */
  readonly begin: () => (bytes: number) => void
}

export function progressReports(): ProgressReports {
  const reports: number[][] = []
  return {
    reports,
    begin: () => {
      const sent: number[] = []
      reports.push(sent)
      return (bytes) => sent.push(bytes)
    },
  }
}
