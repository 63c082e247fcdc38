import { KanneryError } from '@kannery/storage'

/** A place to write to: a process stream, or a test's collector. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): boolean
}

export type OutputFormat = 'text' | 'json'

/** Results go to stdout, talk goes to stderr. */
export class Terminal {
  readonly format: OutputFormat
  readonly #stdout: OutputStream
  readonly #stderr: OutputStream

  constructor(format: OutputFormat, streams: { stdout: OutputStream; stderr: OutputStream }) {
    this.format = format
    this.#stdout = streams.stdout
    this.#stderr = streams.stderr
  }

  get interactive(): boolean {
    return this.#stderr.isTTY === true
  }

  get width(): number {
    return this.#stderr.columns ?? 80
  }

  /** Writes a part of the result and waits until it is taken, so that a slow reader slows the work. @throws OUTPUT_CLOSED */
  async print(text: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stdout.write(text, (error) => {
        if (error === null || error === undefined) resolve()
        else reject(new KanneryError('OUTPUT_CLOSED', 'nobody reads the output any more', { cause: error }))
      })
    })
  }

  /** A result in the two forms it has: a document for scripts, text for people. */
  async result(document: unknown, text: string): Promise<void> {
    await this.print(this.format === 'json' ? `${toJson(document)}\n` : `${text}\n`)
  }

  say(line: string): void {
    this.#stderr.write(`${line}\n`)
  }

  /** Replaces the current line of an interactive terminal. */
  redraw(line: string): void {
    this.#stderr.write(`\r\u001b[K${line}`)
  }
}

/** One line of JSON; 64-bit integers as decimal text, because JSON readers round numbers beyond 2^53. */
export function toJson(document: unknown): string {
  return JSON.stringify(document, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}
