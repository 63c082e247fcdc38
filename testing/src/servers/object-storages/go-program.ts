import { join } from 'node:path'
import { cachedFolder } from '../processes/cached-folder.ts'
import { run } from '../processes/run.ts'

export interface GoProgram {
  /** Also the name of the built program. */
  readonly name: string
  /** The import path of its main package. */
  readonly package: string
  readonly version: string
}

/**
 * Builds a Go program from its module, once per version; then it comes from the cache. Resolves
 * with its path.
 */
export async function buildGoProgram(program: GoProgram): Promise<string> {
  const folder = await cachedFolder(`${program.name}-${program.version}`, async (unfinished) => {
    process.stderr.write(`building ${program.name} ${program.version}, once: 1 to 2 minutes\n`)
    await run('go', ['install', '-ldflags=-s -w', `${program.package}@${program.version}`], {
      env: { ...process.env, GOBIN: unfinished, GOFLAGS: '-trimpath' },
    })
  })
  return join(folder, program.name)
}
