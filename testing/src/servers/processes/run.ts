import { execFile } from 'node:child_process'

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Written to the command's standard input, which then ends. */
  readonly input?: string
}

/**
 * Runs a command to its end and returns what it printed. Rejects with its output when it fails or
 * does not exist.
 */
export function run(
  command: string,
  commandArguments: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      commandArguments,
      { cwd: options.cwd, env: options.env ?? process.env, maxBuffer: 256 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(describeFailure(command, commandArguments, error, stdout + stderr)))
      },
    )
    // A command may end without reading all of it: its exit status says what that means.
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}

function describeFailure(
  command: string,
  commandArguments: readonly string[],
  error: Error & { code?: unknown },
  output: string,
): string {
  if (error.code === 'ENOENT') return `${command} is not installed; ./dev doctor says how to get it`
  const line = [command, ...commandArguments].join(' ')
  return `${line.length > 400 ? `${line.slice(0, 400)} …` : line}\nfailed (${String(error.code)}):\n${output.slice(-4000)}`
}
