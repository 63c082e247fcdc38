import { readFile } from 'node:fs/promises'
import { jobsOf, parseDocuments } from '@kannery/resources'
import { pluginSources, runBackup, runRestore } from '@kannery/runtime'

// Runs the backups and restores of a file: node backup-and-restore.ts documents.yaml
const [file = 'documents.yaml'] = process.argv.slice(2)
const jobs = jobsOf(parseDocuments(await readFile(file, 'utf8'), file))

const controller = new AbortController()
process.once('SIGINT', () => controller.abort())
const context = {
  // Backends are found among the packages of this folder.
  plugins: pluginSources(process.env, { url: import.meta.url, version: '1.0.0' }),
  environment: process.env,
  signal: controller.signal,
  observer: { onWarning: (warning: Error) => console.error(warning.message) },
}

for (const job of jobs) {
  const { report, error } =
    'backup' in job ? await runBackup(job, context) : await runRestore(job, context)
  console.log(JSON.stringify(report))
  if (error !== undefined) throw error
}
