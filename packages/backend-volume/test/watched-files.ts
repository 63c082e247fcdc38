import fs, { type FileHandle } from 'node:fs/promises'
import type { FileSystem } from '../src/disk/file-system.ts'

export interface SystemCall {
  readonly name: string
  readonly path: string
  /** Of a rename or a link. */
  readonly to?: string
  /** Of an open. */
  readonly flags?: number
}

/**
 * The real file system, seen through a door: `before` may record a call, wait, or throw instead of
 * it.
 */
export function watchedFiles(before: (call: SystemCall) => void | Promise<void>): FileSystem {
  const handlesOf = (handle: FileHandle, path: string): FileHandle =>
    new Proxy(handle, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown
        if (typeof member !== 'function') return member
        return async (...parameters: unknown[]) => {
          await before({ name: `handle.${String(name)}`, path })
          return await (member.apply(target, parameters) as Promise<unknown>)
        }
      },
    })
  return new Proxy(fs, {
    get(target, name) {
      const member = Reflect.get(target, name) as (...parameters: unknown[]) => Promise<unknown>
      return async (...parameters: unknown[]) => {
        const [path, second] = parameters
        await before({
          name: String(name),
          path: String(path),
          ...(typeof second === 'string' && name !== 'readFile' ? { to: second } : {}),
          ...(typeof second === 'number' && name === 'open' ? { flags: second } : {}),
        })
        const value = await member.apply(target, parameters)
        return name === 'open' ? handlesOf(value as FileHandle, String(path)) : value
      }
    },
  })
}

/** An error as the kernel gives it. */
export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants it`), {
    code,
    errno: -1,
    syscall: 'test',
  })
}
