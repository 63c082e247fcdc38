import { spawn } from 'node:child_process'
import { repositoryRoot } from '@kannery/testing/paths'

export interface ProgramOptions {
  /** Defaults to the root of the repository. */
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Kills it when it takes longer; a hanging test must not hang everything. */
  readonly timeoutMs?: number
}

/**
 * Runs a program with our input and output; resolves with its exit status, that of a killed one
 * being above 128.
 */
export function runProgram(
  command: string,
  commandArguments: readonly string[],
  options: ProgramOptions = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArguments, {
      stdio: 'inherit',
      cwd: options.cwd ?? repositoryRoot,
      env: options.env ?? process.env,
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    })
    // Ctrl-C reaches the whole group: it is for the child to end, and for us to wait for it.
    const wait = (): void => {}
    process.on('SIGINT', wait)
    child.once('error', reject)
    child.once('close', (status, signal) => {
      process.off('SIGINT', wait)
      resolve(status ?? (signal === 'SIGINT' ? 130 : 137))
    })
  })
}
