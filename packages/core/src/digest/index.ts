export { combineCrc32c, crc32c } from './crc32c.ts'
export { type Digest, formatDigest } from './digest.ts'
