export { combineCrc32c, crc32c } from './crc32c.ts'
export { type Digest, formatDigest, parseDigest, RunningDigest } from './digest.ts'
