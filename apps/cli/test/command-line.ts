import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url))

export interface Outcome {
  /** The exit status; null when a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Run {
  /** When it has ended. */
  readonly outcome: Promise<Outcome>
  /** Resolves when a line of stderr matches, with the match. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  interrupt(...signals: readonly NodeJS.Signals[]): void
  /** Stops listening to what it prints, as `head` does. */
  closeStdout(): void
}

/** A folder that is gone when the test ends. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'kannery-cli-'))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

/** Runs the command line to its end. */
export function kannery(...words: readonly string[]): Promise<Outcome> {
  return start(...words).outcome
}

/** Runs the command line to its end, with a text on its standard input. */
export function kanneryWith(input: string, ...words: readonly string[]): Promise<Outcome> {
  return startWith(input, words).outcome
}

/** Runs the command line as a process of its own, from source. */
export function start(...words: readonly string[]): Run {
  return startWith('', words)
}

function startWith(input: string, words: readonly string[]): Run {
  const child = spawn(process.execPath, ['--conditions=@kannery/source', bin, ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // One that does not read it, or ends before it did, is no failure of the test.
  child.stdin.on('error', () => undefined).end(input)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const stdout = text(child.stdout).catch(() => '')
  const status = new Promise<number | null>((resolve) => child.once('close', resolve))
  const outcome = (async () => ({ status: await status, stdout: await stdout, stderr }))()
  return {
    outcome,
    async said(pattern) {
      const ended = status.then(() => 'ended' as const)
      for (;;) {
        const found = pattern.exec(stderr)
        if (found !== null) return found
        const heard = new Promise<'heard'>((resolve) => {
          child.stderr.once('data', () => resolve('heard'))
        })
        if ((await Promise.race([heard, ended])) === 'ended' && !pattern.test(stderr)) {
          throw new Error(`it ended without saying ${pattern}:\n${stderr}`)
        }
      }
    },
    interrupt(...signals) {
      for (const signal of signals) child.kill(signal)
    },
    closeStdout() {
      child.stdout.destroy()
    },
  }
}
