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

/**
 * Computes the CRC-32C of `bytes` from `start` to `end` (exclusive) as {@link crc32c} does, but
 * without a view of them and a call out of JavaScript: faster below about a hundred bytes.
 */
export function crc32cOfFew(
  bytes: Uint8Array,
  start: number,
  end: number,
  previous: number,
): number {
  let checksum = ~previous
  for (let at = start; at < end; at++) {
    const index = (checksum ^ (bytes[at] as number)) & 0xff
    checksum = (checksum >>> 8) ^ (remainders[index] as number)
  }
  return ~checksum >>> 0
}

/** The polynomial, lowest power in the highest bit. */
const polynomial = 0x82f63b78
/** x to the power of 2^index, for lengths in bits up to 2^56. */
const squares: readonly number[] = powersOfTwo(57)
/** For each byte, its product with x^32 modulo the polynomial. */
const remainders = Uint32Array.from({ length: 256 }, (_, byte) => multiply(byte, 0x00800000))
/** x to the power of 8 × index, for the lengths of small batches; 0: not computed yet. */
const powers = new Uint32Array(4096)

/**
 * Computes the CRC-32C of two concatenated byte strings from their checksums and the length of the
 * second, bytes. Takes a microsecond, or a tenth of it for a length below 4 KiB that came before;
 * reading the bytes again takes 180 for each MiB.
 */
export function combineCrc32c(first: number, second: number, secondLength: number): number {
  return (multiply(knownPowerOfX(secondLength), first) ^ second) >>> 0
}

function knownPowerOfX(bytes: number): number {
  const known = powers[bytes]
  if (known === undefined) return powerOfX(bytes)
  if (known !== 0) return known
  const power = powerOfX(bytes)
  powers[bytes] = power
  return power
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
  // Without branches, which the processor could not predict: -1 has all bits, -0 none.
  for (let bit = 31; bit >= 0; bit--) {
    product ^= term & -((left >>> bit) & 1)
    term = (term >>> 1) ^ (polynomial & -(term & 1))
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
