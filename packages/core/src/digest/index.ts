export { combineCrc32c, crc32c, crc32cOfFew } from './crc32c.ts'
export { type Digest, formatDigest } from './digest.ts'
