import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '../paths.ts'
import { cachedFolder } from '../servers/processes/cached-folder.ts'
import { run } from '../servers/processes/run.ts'

const scripts = join(repositoryRoot, 'testing/python')
const requirements = join(scripts, 'requirements.txt')

/** What a script ended with; one that could not be started rejects instead. */
export interface PythonRun {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a script of testing/python, with the packages that requirements.txt pins. */
export async function runPython(
  script: string,
  scriptArguments: readonly string[],
): Promise<PythonRun> {
  const environment = await pythonEnvironment()
  return new Promise((resolve, reject) => {
    execFile(
      'python3',
      [join(scripts, script), ...scriptArguments],
      { env: environment, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : error.code
        if (typeof status === 'number') resolve({ status, stdout, stderr })
        else reject(error)
      },
    )
  })
}

/**
 * The environment in which Python finds the pinned packages; they are fetched by pip once, then
 * from the cache.
 */
export async function pythonEnvironment(): Promise<NodeJS.ProcessEnv> {
  const key = createHash('sha256')
    .update(await readFile(requirements))
    .update(await run('python3', ['--version']))
    .digest('hex')
    .slice(0, 12)
  const packages = await cachedFolder(`python-${key}`, async (folder) => {
    await run('python3', [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'],
      ...['--root-user-action', 'ignore', '--target', folder, '--requirement', requirements],
    ])
  })
  return { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' }
}
