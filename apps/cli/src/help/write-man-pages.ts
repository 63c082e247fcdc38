import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { commands } from '../commands/commands.ts'
import { commandManPage, manPageName, overviewManPage } from './man-page.ts'

// A step of the build: pages are made from the same declarations as the help, so they never lag.
const folder = new URL('../../man/', import.meta.url)
const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string }

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
writeFileSync(new URL('kannery.1', folder), overviewManPage(commands, version))
for (const command of commands) {
  writeFileSync(new URL(manPageName(command), folder), commandManPage(command, version))
}
