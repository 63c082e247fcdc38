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

/** Something that the person who typed the command can put right: told without a stack. */
export class DevError extends Error {}
