import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

/**
 * A server's process that never outlives ours. A small shell script (`supervise.sh`) runs it in a
 * session of its own and reads a pipe that only we hold: when we end, however we end, it kills the
 * server and removes its folder.
 */
export class SupervisedProcess {
  readonly #supervisor: ChildProcess
  readonly #ended: Promise<void>
  #hasEnded = false
  #lastWords = ''

  /** Holds the server's data and log; gone when the server has stopped. */
  readonly folder: string

  constructor(folder: string, command: readonly string[]) {
    this.folder = folder
    const script = join(import.meta.dirname, 'supervise.sh')
    const supervisor = spawn('/bin/sh', [script, folder, ...command], {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    })
    supervisor.stderr.setEncoding('utf8')
    supervisor.stderr.on('data', (text: string) => {
      this.#lastWords += text
    })
    // The pipe breaks when the server ends before us: `close` reports that, not an error.
    supervisor.stdin.on('error', () => {})
    this.#ended = new Promise((resolve) => {
      supervisor.once('close', () => {
        this.#hasEnded = true
        resolve()
      })
    })
    // A server that a test forgot must not keep the test's process alive.
    supervisor.unref()
    this.#supervisor = supervisor
  }

  get supervisorPid(): number | undefined {
    return this.#supervisor.pid
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** The last lines that the server printed; empty while it runs. */
  get lastWords(): string {
    return this.#lastWords
  }

  /** Kills the server (its data are temporary). Resolves when it is gone and its folder removed. */
  async stop(): Promise<void> {
    this.#supervisor.ref()
    this.#supervisor.stdin?.end()
    await this.#ended
  }
}
