import { type Advice, asError, type ErrorCode, KanneryError } from '@kannery/storage'

/** What a job did, and the error that kept it from doing everything, if there is one. */
export interface Outcome<Report> {
  /** What was done. It is complete also when there is an error. */
  readonly report: Report
  /** The first of the topics' errors; undefined when everything was done. */
  readonly error: KanneryError | undefined
}

/** A topic on which a job failed, wholly or in part, and the error. */
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

/** Returns anything thrown as a KanneryError: INTERNAL for an error that is not one of ours. */
export function asKanneryError(thrown: unknown): KanneryError {
  if (KanneryError.is(thrown)) return thrown
  return new KanneryError('INTERNAL', `unexpected error: ${asError(thrown).message}`, {
    cause: thrown,
  })
}
