const everyMs = 5

/** By how many bytes the buffers of this process grow while `work` runs, at their most. */
export async function peakBufferGrowth(work: () => Promise<void>): Promise<number> {
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
