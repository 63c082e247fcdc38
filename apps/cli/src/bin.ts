#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Interruption } from './interruption.ts'

const compiled = compileCache()
if (compiled !== undefined) enableCompileCache(compiled)
const { main } = await import('./main.ts')
// What loading took is enough room for new objects. V8 would double it up to 64 MiB, beside the
// memory that a backup is given. It reads this flag whenever it is about to do so, and nothing is
// derived from it before.
setFlagsFromString('--semi-space-growth-factor=1')

const environment = { ...process.env }
// Node.js reads it at every connection, whichever library opens it: certificates are verified
// always.
delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']

const interruption = new Interruption((status) => process.exit(status))
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => interruption.receive(name))
// The write that fails reports the error; without a listener Node would end the process
// before that.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }

const status = await main({
  words: process.argv.slice(2),
  stdout: process.stdout,
  stderr: process.stderr,
  environment,
  directory: process.cwd(),
  app: { url: import.meta.url, version },
  interruption,
})
// A command that has ended is not kept by what a broken network still holds open. What it said
// comes first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(status)))

/**
 * Where what V8 made of the modules is kept for the next start: in the home of the user whose
 * process this is, whatever HOME says, for it is run. undefined where that user has none. A folder
 * that cannot be written is no error: nothing is kept then.
 */
function compileCache(): string | undefined {
  const { XDG_CACHE_HOME: chosen } = process.env
  if (chosen) return join(chosen, 'kannery')
  try {
    return join(userInfo().homedir, '.cache/kannery')
  } catch {
    return undefined
  }
}
