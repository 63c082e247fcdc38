import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type KanneryOptions, type KanneryRun, kannery } from './kannery.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface WatchedRun extends KanneryRun {
  /** One line for each call, as strace prints it, also for those that failed. */
  readonly calls: readonly string[]
}

/** Runs the command line under strace; needs no word of kannery about what it does. */
export async function kanneryUnderStrace(
  systemCalls: string,
  words: readonly string[],
  options: KanneryOptions = {},
): Promise<WatchedRun> {
  await using folder = await temporaryFolder()
  const log = join(folder.path, 'strace')
  const strace = ['strace', '--follow-forks', '--decode-fds=path', '--string-limit=0']
  const under = [...strace, `--trace=${systemCalls}`, `--output=${log}`]
  const ended = await kannery(words, { ...options, under })
  const text = await readFile(log, 'utf8').catch(() => {
    throw new Error(`strace did not run: ${ended.stderr}`)
  })
  return {
    ...ended,
    calls: joinInterrupted(text.split('\n')),
  }
}

/** A call during which another thread made one is written in two parts. */
function joinInterrupted(lines: readonly string[]): string[] {
  const begun = new Map<string, string>()
  return lines.flatMap((line) => {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const begin = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1]
    if (begin !== undefined) {
      begun.set(thread, begin)
      return []
    }
    const end = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1]
    if (end === undefined) return [rest]
    return [`${begun.get(thread) ?? ''}${end}`]
  })
}

/** Bytes that were read from each file, by path. */
export function bytesRead(calls: readonly string[]): Map<string, number> {
  const read = new Map<string, number>()
  for (const call of calls) {
    const [, path, count] = /^p?readv?(?:64)?\(\d+<([^>]+)>.* = (\d+)$/.exec(call) ?? []
    if (path !== undefined) read.set(path, (read.get(path) ?? 0) + Number(count))
  }
  return read
}

/** Paths of files that were mapped into memory, where reads are not seen. */
export function mapped(calls: readonly string[]): string[] {
  return calls.flatMap((call) => /^mmap\(.*, \d+<([^>]+)>/.exec(call)?.[1] ?? [])
}
