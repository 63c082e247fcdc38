/** Rules of this repository that no linter of others has. Prints what breaks one, and fails. */
import { commentWidthComplaints } from './comment-width.ts'
import { roomComplaints } from './rooms.ts'
import { readSources } from './sources.ts'

const sources = readSources()
const complaints = [...roomComplaints(sources), ...commentWidthComplaints(sources)]
for (const complaint of complaints) process.stdout.write(`${complaint}\n`)
process.stdout.write(`Checked ${sources.length} files, found ${complaints.length} problems.\n`)
process.exitCode = complaints.length === 0 ? 0 : 1
