const everyMs = 5
const pieceBytes = 4 * 1024 * 1024

/** As far as a test of memory needs to know it. */
interface Writer extends AsyncDisposable {
  write(chunk: Uint8Array): Promise<void>
  commit(): Promise<unknown>
}

/**
 * By how many bytes the buffers of this process grow while an object of `bytes` is written, at
 * their most.
 */
export async function bufferGrowthOfWriting(
  openWriter: () => Promise<Writer>,
  bytes: number,
): Promise<number> {
  const piece = Buffer.alloc(pieceBytes)
  return await peakBufferGrowth(async () => {
    await using writer = await openWriter()
    for (let written = 0; written < bytes; written += pieceBytes) await writer.write(piece)
    await writer.commit()
  })
}

async function peakBufferGrowth(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().arrayBuffers
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers)
  }, everyMs)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return most - before
}
