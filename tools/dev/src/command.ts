/** One word after ./dev. */
export interface DevCommand {
  readonly name: string
  /** What may follow the name, for the help. */
  readonly usage: string
  readonly summary: string
  /** Resolves with the exit status. */
  run(words: readonly string[]): Promise<number>
}

/** Talk for people; results go to standard output. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** An error that the user of the command can correct. Shown without a stack. */
export class DevError extends Error {}
