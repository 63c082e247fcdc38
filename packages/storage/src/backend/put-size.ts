import { KanneryError } from '../errors/kannery-error.ts'

/** Largest body of one `put`, bytes. */
export const maxPutBytes: number = 16 * 1024 * 1024

/** Checks the size of the body of a `put`. @throws INTERNAL: a larger object needs a writer */
export function assertPutSize(body: Uint8Array): void {
  if (body.byteLength <= maxPutBytes) return
  throw new KanneryError('INTERNAL', `put takes at most 16 MiB, not ${body.byteLength} bytes`)
}
