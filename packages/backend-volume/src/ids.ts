import type { BackendContext } from '@kannery/storage'

/** 128 random bits: a path made with it is never used again. */
export function newId(random: BackendContext['random']): string {
  return Buffer.from(random.bytes(16)).toString('hex')
}
