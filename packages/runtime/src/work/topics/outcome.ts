import { type Advice, asError, type ErrorCode, KanneryError } from '@kannery/storage'

/**
 * What a job did, and what kept it from doing all of it, if anything did: the report holds in both
 * cases.
 */
export interface Outcome<Report> {
  readonly report: Report
  /** The first error, of those that kept it from a topic. */
  readonly error: KanneryError | undefined
}

/** A topic that a job could not do, or not do wholly. The others were done. */
export interface FailedTopic {
  readonly topic: string
  readonly code: ErrorCode
  readonly message: string
  readonly why?: string | undefined
  readonly remedy: string
  readonly advice?: Advice | undefined
}

export function failedTopic(topic: string, error: KanneryError): FailedTopic {
  const { code, message, why, remedy, advice } = error
  return { topic, code, message, why, remedy, advice }
}

/** Anything thrown, as one of our errors: what we did not foresee is INTERNAL. */
export function asKanneryError(thrown: unknown): KanneryError {
  if (KanneryError.is(thrown)) return thrown
  return new KanneryError('INTERNAL', `unexpected error: ${asError(thrown).message}`, {
    cause: thrown,
  })
}
