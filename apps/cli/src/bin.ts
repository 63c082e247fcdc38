#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { main } from './main.ts'

const interruptedStatus = 130

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(interruptedStatus)
    process.stderr.write(
      '\nkannery: finishing: committing what is open and releasing the leases (again to stop at once)\n',
    )
    stop.abort()
  })
}
// A closed pipe is told by the write that meets it; without a listener Node would end the process before that.
process.stdout.on('error', () => {})

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

process.exitCode = await main({
  words: process.argv.slice(2),
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  directory: process.cwd(),
  version,
  signal: stop.signal,
})
