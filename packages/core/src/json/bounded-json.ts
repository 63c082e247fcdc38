/** Limits on the structure of a JSON text. */
export interface JsonLimits {
  readonly depth: number
  /** Most arrays and objects together. */
  readonly containers: number
  /** Most commas outside of strings, which is nearly the number of values. */
  readonly commas: number
}

const quote = 0x22
const comma = 0x2c
const backslash = 0x5c

/**
 * Parses JSON whose cost in memory is bounded by `limits`: a few MiB of `[[[[…` would otherwise
 * become gigabytes of objects.
 *
 * @throws SyntaxError, also for text that exceeds the limits or is not UTF-8
 */
export function parseBoundedJson(bytes: Uint8Array, limits: JsonLimits): unknown {
  assertWithin(bytes, limits)
  return JSON.parse(decode(bytes))
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new SyntaxError('not UTF-8', { cause })
  }
}

function assertWithin(bytes: Uint8Array, limits: JsonLimits): void {
  let [depth, containers, commas] = [0, 0, 0]
  for (let position = 0; position < bytes.length; position++) {
    const byte = bytes[position]
    if (byte === quote) {
      position = endOfString(bytes, position)
    } else if (byte === comma) {
      if (++commas > limits.commas) throw new SyntaxError('more values than allowed')
    } else if (isOpening(byte)) {
      if (++containers > limits.containers) throw new SyntaxError('more lists than allowed')
      if (++depth > limits.depth) throw new SyntaxError('nested deeper than allowed')
    } else if (isClosing(byte)) {
      depth--
    }
  }
}

function endOfString(bytes: Uint8Array, start: number): number {
  let position = start + 1
  while (position < bytes.length && bytes[position] !== quote) {
    position += bytes[position] === backslash ? 2 : 1
  }
  return position
}

function isOpening(byte: number | undefined): boolean {
  return byte === 0x5b || byte === 0x7b
}

function isClosing(byte: number | undefined): boolean {
  return byte === 0x5d || byte === 0x7d
}
