import { crc32c as checksum } from '@node-rs/crc32'

/**
 * Computes the CRC-32C (Castagnoli) of bytes, the checksum of iSCSI and of Kafka's record batches.
 *
 * @param previous the checksum of the bytes before; defaults to 0: there are none
 * @returns an unsigned integer of 32 bits
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  return checksum(bytes, previous)
}

/** The polynomial, lowest power in the highest bit. */
const polynomial = 0x82f63b78
/** x to the power of 2^index, for lengths in bits up to 2^56. */
const squares: readonly number[] = powersOfTwo(57)

/**
 * Computes the CRC-32C of two concatenated byte strings from their checksums and the length of the
 * second, bytes. Takes a microsecond; reading the bytes again takes 180 for each MiB.
 */
export function combineCrc32c(first: number, second: number, secondLength: number): number {
  return (multiply(powerOfX(secondLength), first) ^ second) >>> 0
}

/** x to the power of 8 × bytes, modulo the polynomial. */
function powerOfX(bytes: number): number {
  let power = 0x80000000
  let index = 3
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(squares[index] ?? 0, power)
    index++
  }
  return power
}

/** The product of two polynomials over GF(2), modulo the polynomial. */
function multiply(left: number, right: number): number {
  let product = 0
  let term = right
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((left & bit) !== 0) product ^= term
    term = (term & 1) === 0 ? term >>> 1 : (term >>> 1) ^ polynomial
  }
  return product >>> 0
}

function powersOfTwo(count: number): number[] {
  const powers = [0x40000000]
  for (let power = 0x40000000; powers.length < count; ) {
    power = multiply(power, power)
    powers.push(power)
  }
  return powers
}
