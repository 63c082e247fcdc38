import type { Advice } from './advice.ts'

/** What every error of one code has in common. */
export interface ErrorCodeDescription {
  /** Exit status of a command that ends with this error. Stable: scripts rely on it. */
  readonly exitStatus: number
  /**
   * What to do, where the place that raised the error knows nothing better. It names no option and
   * no command: it has to be right in a shell and in a condition of a Kubernetes object.
   */
  readonly remedy: string
  /** The same for a front end, which can name its own commands. */
  readonly advice?: Advice | undefined
}
