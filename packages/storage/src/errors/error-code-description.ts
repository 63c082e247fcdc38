import type { Advice } from './advice.ts'

/** What all errors of one code have in common. */
export interface ErrorCodeDescription {
  /**
   * Exit status of a command that ends with an error of this code, from 1 to 125. It never changes,
   * because scripts rely on it.
   */
  readonly exitStatus: number
  /**
   * What to do, unless the error itself has a remedy. It names no option and no command: it has to
   * be right in a shell and in a condition of a Kubernetes object.
   */
  readonly remedy: string
  /**
   * What to do, as data for a front end that puts it into its own words. It is absent where
   * `remedy` says it all.
   */
  readonly advice?: Advice | undefined
}
