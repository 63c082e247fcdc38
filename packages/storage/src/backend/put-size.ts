import { KanneryError } from '../errors/kannery-error.ts'

/** What one `put` takes. */
export const maxPutBytes: number = 16 * 1024 * 1024

/** @throws INTERNAL: the caller is to open a writer for more */
export function assertPutSize(body: Uint8Array): void {
  if (body.byteLength <= maxPutBytes) return
  throw new KanneryError('INTERNAL', `put takes at most 16 MiB, not ${body.byteLength} bytes`)
}
