/**
 * Runs several command lines of the built command line, one after the other, in this process. Reads
 * them as JSON from standard input, and prints what each wrote to its standard output, as JSON.
 */
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { kanneryBin } from '@kannery/testing/paths'

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

const outputs: string[] = []
for (const words of JSON.parse(await text(process.stdin)) as string[][]) {
  const written: string[] = []
  const status = await main({
    words,
    stdout: {
      write(chunk: string, done?: () => void) {
        written.push(chunk)
        done?.()
        return true
      },
    },
    stderr: process.stderr,
    environment: process.env,
    directory: process.cwd(),
    app: { url: pathToFileURL(kanneryBin).href, version: '0.0.0' },
    interruption: new Interruption(() => {}),
  })
  if (status !== 0) throw new Error(`kannery ${words.join(' ')} ended with ${status}`)
  outputs.push(written.join(''))
}
process.stdout.write(JSON.stringify(outputs), () => process.exit())
