import { setTimeout as delay } from 'node:timers/promises'

const pauseMs = 50

/**
 * Resolves with the first answer that is not undefined or false; rejects, saying what was waited
 * for, after `timeoutMs`.
 */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined | false>,
  timeoutMs = 30_000,
): Promise<Answer> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline)
      throw new Error(`waited ${timeoutMs} ms without success: ${what}`)
    await delay(pauseMs)
  }
}
