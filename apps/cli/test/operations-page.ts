import { readFileSync } from 'node:fs'

const operations = new URL('../../../docs/operations/', import.meta.url)

/**
 * The commands of a page of docs/operations, in its order: the words after `kannery`, for
 * `backups` instead of `./backups`.
 */
export function commandsOf(page: string, backups: string): string[][] {
  const text = readFileSync(new URL(page, operations), 'utf8')
  return [...text.matchAll(/```sh\n(.*?)```/gs)]
    .flatMap(([, block = '']) => block.trim().split('\n'))
    .map((line) => line.replace('./backups', backups).split(' ').slice(1))
}
