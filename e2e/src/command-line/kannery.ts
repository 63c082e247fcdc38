import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { kanneryBin } from '@kannery/testing/paths'

export interface KanneryRun {
  /** As a shell sees it. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface KanneryOptions {
  /** Added to our environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** A command line that runs the command line: strace, unshare, … */
  readonly under?: readonly string[]
}

/** Runs the built command line to its end. */
export async function kannery(
  words: readonly string[],
  options: KanneryOptions = {},
): Promise<KanneryRun> {
  await using running = startKannery(words, options)
  return await running.ended
}

/** The same; a run that fails rejects with what it printed. */
export async function kannerySucceeds(
  words: readonly string[],
  options: KanneryOptions = {},
): Promise<KanneryRun> {
  return succeeded(words, await kannery(words, options))
}

function succeeded(words: readonly string[], run: KanneryRun): KanneryRun {
  if (run.status !== 0) {
    throw new Error(
      `kannery ${words.join(' ')} ended with ${run.status}:\n${run.stderr}${run.stdout}`,
    )
  }
  return run
}

/** Runs it with `-o json` and reads its result. */
export async function kanneryJson<Result>(
  words: readonly string[],
  options: KanneryOptions = {},
): Promise<Result> {
  const { stdout } = await kannerySucceeds([...words, '-o', 'json'], options)
  return JSON.parse(stdout) as Result
}

/**
 * Runs command lines one after the other in one process: most of what a short one takes is the
 * start of its process.
 */
export class KannerySession implements AsyncDisposable {
  readonly #child: ChildProcess

  constructor({ env, cwd = process.cwd() }: Omit<KanneryOptions, 'under'> = {}) {
    this.#child = fork(join(import.meta.dirname, 'session-process.ts'), {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      execArgv: [],
    })
  }

  /** Runs one with `-o json` and reads its result. Not to be called before the last one ended. */
  async json<Result>(words: readonly string[]): Promise<Result> {
    const ended = Promise.withResolvers<KanneryRun>()
    const died = (): void => ended.reject(new Error(`the process of kannery ${words[0]} died`))
    this.#child.once('exit', died).once('message', ended.resolve)
    this.#child.send([...words, '-o', 'json'])
    const run = await ended.promise
    this.#child.off('exit', died)
    return JSON.parse(succeeded(words, run).stdout) as Result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}

/** A command line that runs beside the test; killed when the test ends before it. */
export class RunningKannery implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly ended: Promise<KanneryRun>

  constructor(words: readonly string[], { env, cwd, under = [] }: KanneryOptions) {
    const [command = '', ...rest] = [...under, process.execPath, kanneryBin, ...words]
    const child = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: cwd ?? process.cwd(),
      env: { ...process.env, NO_COLOR: '1', ...env },
    })
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    this.#child = child
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => {
        const status = code ?? 128 + (signal === 'SIGINT' ? 2 : 9)
        resolve({ status, stdout: stdout.text, stderr: stderr.text })
      })
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the process did not start')
    return this.#child.pid
  }

  /** Ctrl-C, once; resolves when it has ended. */
  interrupt(): Promise<KanneryRun> {
    this.#child.kill('SIGINT')
    return this.ended
  }

  /** Gives it no time for anything. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill()
    await this.ended.catch(() => {})
  }
}

export function startKannery(
  words: readonly string[],
  options: KanneryOptions = {},
): RunningKannery {
  return new RunningKannery(words, options)
}

function collect(stream: NodeJS.ReadableStream): { text: string } {
  const collected = { text: '' }
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    collected.text += text
  })
  return collected
}
