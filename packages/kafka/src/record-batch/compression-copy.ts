/** Byte by byte where source and target overlap: a copy then repeats what it has just written. */
export function copyForward(
  source: Buffer,
  from: number,
  target: Buffer,
  to: number,
  size: number,
): void {
  if (size > 24 && (source !== target || to - from >= size)) {
    source.copy(target, to, from, from + size)
    return
  }
  for (let index = 0; index < size; index++) target[to + index] = source[from + index] as number
}
