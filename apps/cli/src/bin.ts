#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Interruption } from './interruption.ts'
import { main } from './main.ts'

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
