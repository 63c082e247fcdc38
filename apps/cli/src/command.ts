import type { App, Environment } from '@kannery/runtime'
import type { Terminal } from './terminal/terminal.ts'

/**
 * A command as data: the parser, the help, the shell completion and the man pages are all made from
 * it.
 */
export interface CommandDeclaration {
  /** Words as typed, such as `lease ls`. */
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  /** Sentences for the man page and the long help. */
  readonly description: string
  readonly arguments: readonly ArgumentDeclaration[]
  readonly options: readonly OptionDeclaration[]
  readonly examples: readonly string[]
  /**
   * What the first Ctrl-C lets it finish, for people; a command without it has nothing to finish
   * and ends at once.
   */
  readonly finishing?: string
  /**
   * When `signal` ended it before it was done, it rejects: with the signal's reason, or INTERRUPTED
   * where there is more to say.
   */
  run(invocation: Invocation): Promise<void>
}

export interface ArgumentDeclaration {
  readonly name: string
  readonly description: string
  readonly optional?: boolean
}

export interface OptionDeclaration {
  /** The long name without dashes. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  /** What the value is; a flag has none. */
  readonly value?: string
  /** Used when the option is given without a value. */
  readonly implied?: string
  readonly description: string
  readonly choices?: readonly string[]
  readonly default?: string
  readonly repeatable?: boolean
  readonly required?: boolean
  /** Given only to be refused, with a sentence: never shown in help. */
  readonly refused?: string
}

/** What one run of a command gets: parsed words and the outside world. */
export interface Invocation {
  readonly arguments: readonly string[]
  readonly options: OptionValues
  readonly terminal: Terminal
  readonly app: App
  readonly environment: Environment
  /** The working directory: what a relative path is relative to. */
  readonly directory: string
  /** Aborted by the first Ctrl-C or SIGTERM: finish what is open, then end. */
  readonly signal: AbortSignal
}

/** Option values by name. Reading one that was not declared is a defect. */
export class OptionValues {
  readonly #values: Readonly<Record<string, unknown>>

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  list(name: string): readonly string[] {
    const value = this.#values[name]
    return Array.isArray(value) ? value.map(String) : []
  }
}
