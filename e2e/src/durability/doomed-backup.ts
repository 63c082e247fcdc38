import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { kanneryBin } from '@kannery/testing/paths'

/** How a backup comes to its end. */
export interface Doom {
  readonly signal: 'SIGKILL' | 'SIGSTOP'
  readonly at:
    | { readonly kind: 'time'; readonly ms: number }
    | {
        readonly kind: 'call'
        readonly call: string
        readonly nth: number
        readonly when: 'before' | 'after'
      }
}

const hook = join(import.meta.dirname, 'stop-at-call.ts')
const pollMs = 20

/** A backup process that is going to be killed, or stopped and killed after it woke up. */
export class DoomedBackup {
  readonly #child: ChildProcess
  #stderr = ''
  /** With its status, where it was not a signal that ended it. */
  readonly ended: Promise<number | undefined>

  constructor(words: readonly string[], { at, signal }: Doom) {
    const { kind, ...call } = at
    const plan = kind === 'call' ? { KANNERY_TEST_STOP: JSON.stringify({ ...call, signal }) } : {}
    const command = ['--import', hook, kanneryBin, ...words]
    this.#child = spawn(process.execPath, command, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...plan },
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (status) => resolve(status ?? undefined))
    })
  }

  /** What it said. */
  get stderr(): string {
    return this.#stderr
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Whether it stands still, or has ended, before `ms` are over. */
  async stands(ms: number): Promise<boolean> {
    const deadline = performance.now() + ms
    while (performance.now() < deadline) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return true
      if ((await this.#state()) === 'T') return true
      await delay(pollMs)
    }
    return false
  }

  /** As the kernel has it: proc(5). */
  async #state(): Promise<string | undefined> {
    try {
      const status = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8')
      return status.slice(status.lastIndexOf(')') + 2, status.lastIndexOf(')') + 3)
    } catch {
      return undefined
    }
  }
}
