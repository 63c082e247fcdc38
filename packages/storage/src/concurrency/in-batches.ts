/**
 * Yields the items in their order, in batches of `size`. Only the last batch may have fewer, and no
 * batch is empty. A batch is yielded before the next item is asked for.
 */
export async function* inBatches<T>(
  items: AsyncIterable<T> | Iterable<T>,
  size: number,
): AsyncGenerator<readonly T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
