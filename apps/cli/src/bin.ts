#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { Interruption } from './interruption.ts'

// What V8 made of the modules is kept for the next start, in a folder of this user alone, for it is run. Where it cannot be written,
// there is no cache, and that is no error.
const { HOME, XDG_CACHE_HOME = HOME && join(HOME, '.cache') } = process.env
if (XDG_CACHE_HOME) enableCompileCache(join(XDG_CACHE_HOME, 'kannery'))
const { main } = await import('./main.ts')

const interruption = new Interruption((status) => process.exit(status))
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => interruption.receive(name))
// What went wrong is told by the write that meets it; without a listener Node would end the process before that.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }

process.exitCode = await main({
  words: process.argv.slice(2),
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  directory: process.cwd(),
  app: { url: import.meta.url, version },
  interruption,
})
