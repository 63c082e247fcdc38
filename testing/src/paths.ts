import { join } from 'node:path'

/** The root of the repository. */
export const repositoryRoot: string = join(import.meta.dirname, '../..')

/** Downloads and built tools, git-ignored: everything in it can be deleted and comes back. */
export const cacheFolder: string = join(repositoryRoot, '.cache')

/** The command line as a user runs it: built, by Node, as a process of its own. */
export const kanneryBin: string = join(repositoryRoot, 'apps/cli/dist/bin.js')
