/**
 * Runs command lines of the built command line in this process, each when its words come as a
 * message from the parent process, which gets the run as the answer.
 */
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { kanneryBin } from '@kannery/testing/paths'
import type { KanneryRun } from './kannery.ts'

/** What this needs of the modules of the built command line. */
interface CommandLineModule {
  readonly main: (world: Readonly<Record<string, unknown>>) => Promise<number>
}
interface InterruptionModule {
  readonly Interruption: new (end: () => void) => object
}

const folder = dirname(kanneryBin)
const { main } = (await import(join(folder, 'main.js'))) as CommandLineModule
const { Interruption } = (await import(join(folder, 'interruption.js'))) as InterruptionModule

process.on('message', (words: readonly string[]) => {
  void run(words).then((ended) => process.send?.(ended))
})

async function run(words: readonly string[]): Promise<KanneryRun> {
  const [stdout, stderr] = [new Collected(), new Collected()]
  const status = await main({
    words,
    stdout,
    stderr,
    environment: process.env,
    directory: process.cwd(),
    app: { url: pathToFileURL(kanneryBin).href, version: '0.0.0' },
    interruption: new Interruption(() => {}),
  })
  return { status, stdout: stdout.text, stderr: stderr.text }
}

class Collected {
  text = ''

  write(chunk: string, done?: () => void): boolean {
    this.text += chunk
    done?.()
    return true
  }
}
