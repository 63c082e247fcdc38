/**
 * Preloaded (`node --import`) into a process that is to die, or to be stopped, at a certain call of
 * the file system: the last moment at which an order of writes can be seen to be wrong. Knows
 * nothing of the program it is loaded into.
 *
 * KANNERY_TEST_STOP={"call":"link","nth":3,"when":"after","signal":"SIGKILL"}
 */
import fs from 'node:fs/promises'

interface StopPlan {
  readonly call: string
  readonly nth: number
  readonly when: 'before' | 'after'
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

type Call = (...words: unknown[]) => Promise<unknown>

/** The functions of the module, and of the files that it opens. */
type Calls = Record<string, Call>

const plan = JSON.parse(process.env['KANNERY_TEST_STOP'] ?? 'null') as StopPlan | null
let seen = 0

function watched(calls: Calls, name: string, { nth, when, signal }: StopPlan): void {
  const call = calls[name]
  if (call === undefined) throw new Error(`there is no call ${name}`)
  calls[name] = async function (this: unknown, ...words) {
    seen++
    const now = seen === nth
    if (now && when === 'before') process.kill(process.pid, signal)
    const result = await call.apply(this, words)
    if (now && when === 'after') process.kill(process.pid, signal)
    return result
  }
}

if (plan !== null) {
  const module = fs as unknown as Calls
  if (plan.call in module) {
    watched(module, plan.call, plan)
  } else {
    const handle = await fs.open('/dev/null')
    watched(Object.getPrototypeOf(handle) as Calls, plan.call, plan)
    await handle.close()
  }
}
