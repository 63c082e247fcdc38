import { type Clock, KanneryError } from '@kannery/storage'
import { withShellWords } from './advice.ts'
import { describeError, errorFields } from './error-report.ts'

/** A place to write to: a process stream, or a test's collector. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): boolean
}

export type OutputFormat = 'text' | 'json'

/**
 * Results go to stdout, talk goes to stderr. In the format `json` each line of either is one JSON
 * document; those of stderr have one key that says what they are: `error`, `warning`, `note` or
 * `progress`.
 */
export class Terminal {
  readonly format: OutputFormat
  readonly #stdout: OutputStream
  readonly #stderr: OutputStream
  readonly #clock: Pick<Clock, 'now'>
  #drawn = false
  #outputClosed = false

  constructor(
    format: OutputFormat,
    streams: { readonly stdout: OutputStream; readonly stderr: OutputStream },
    clock: Pick<Clock, 'now'>,
  ) {
    this.format = format
    this.#stdout = streams.stdout
    this.#stderr = streams.stderr
    this.#clock = clock
  }

  /** Whether a line can be drawn again in place. */
  get interactive(): boolean {
    return this.format === 'text' && this.#stderr.isTTY === true
  }

  get width(): number {
    return this.#stderr.columns ?? 80
  }

  /**
   * The reader of the output has had enough, as `head` has after some lines: what is printed now
   * goes nowhere.
   */
  get outputClosed(): boolean {
    return this.#outputClosed
  }

  /**
   * Writes a part of the result and waits until it is taken, so that a slow reader slows the work.
   * @throws OUTPUT_CLOSED
   */
  async print(text: string | Uint8Array): Promise<void> {
    if (this.#outputClosed) return
    this.clearLine()
    const error = await new Promise<Error | null | undefined>((resolve) => {
      this.#stdout.write(text, resolve)
    })
    if (error === null || error === undefined) return
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EPIPE') {
      throw new KanneryError('OUTPUT_CLOSED', 'the output cannot be written', {
        why: code ?? error.message,
        cause: error,
      })
    }
    this.#outputClosed = true
  }

  /** A result in the two forms it has: a document for scripts, text for people. */
  async result(document: unknown, text: string): Promise<void> {
    await this.print(
      this.format === 'json' ? `${toJson(document)}\n` : `${withoutControls(text)}\n`,
    )
  }

  error(error: KanneryError): void {
    this.#say(describeError(error, this.#clock.now()), { error: errorFields(error) })
  }

  warning(warning: KanneryError): void {
    this.#say(`warning: ${describeError(warning, this.#clock.now())}`, {
      warning: errorFields(warning),
    })
  }

  note(text: string): void {
    this.#say(text, { note: text })
  }

  progress(text: string, document: unknown): void {
    if (!this.interactive) {
      this.#say(text, { progress: document })
      return
    }
    this.#stderr.write(`\r\u001b[K${text.slice(0, this.width - 1)}`)
    this.#drawn = true
  }

  /** Removes a progress line, so that what comes next has a line of its own. */
  clearLine(): void {
    if (this.#drawn) this.#stderr.write('\r\u001b[K')
    this.#drawn = false
  }

  #say(text: string, document: unknown): void {
    this.clearLine()
    this.#stderr.write(`${this.format === 'json' ? toJson(document) : withoutControls(text)}\n`)
  }
}

/**
 * One line of JSON; 64-bit integers as decimal text, because JSON readers round numbers beyond
 * 2^53. Control characters that JSON may hold as they are come as escapes, too: a terminal obeys
 * them.
 */
export function toJson(document: unknown): string {
  const json = JSON.stringify(document, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : withShellWords(value),
  )
  return json.replace(/\p{Cc}/gu, escaped)
}

/**
 * Text of others (a reason, a broker's message) must not command the terminal; line ends and tabs
 * may stay.
 */
function withoutControls(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
