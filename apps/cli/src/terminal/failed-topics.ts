import type { FailedTopic } from '@kannery/runtime'

/** A line for each topic that a job could not do. */
export function describeFailed(failed: readonly FailedTopic[]): readonly string[] {
  return failed.map(({ topic, code, message }) => `failed: ${topic}: ${code}: ${message}`)
}
