import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** How many creations a contest has: 50, or more on demand: KANNERY_CONTEST_ROUNDS=500. */
export const creations = Number(process.env['KANNERY_CONTEST_ROUNDS'] ?? '50')

/** A storage as separate processes open it: they share nothing but its server. */
export interface ContestedStorage {
  /** URL of the module that exports the backend's `plugin`. */
  readonly pluginModule: string
  readonly config: unknown
  readonly credentials?: Readonly<Record<string, string>> | undefined
  /** The plugin stands beside packed packages, which bring no sources. */
  readonly packed?: boolean
}

export interface Contest {
  readonly contenders: number
  /** How often all of them create the same object at once. */
  readonly creations: number
  /** How often each of them adds one to the same counter. */
  readonly additions: number
}

export interface ContestOutcome {
  /** Creations that had no winner, several, or left the object of another process. */
  readonly unfair: readonly string[]
  /** What the counter says at the end. */
  readonly counted: number
}

export type Task =
  | { readonly kind: 'create'; readonly key: string; readonly text: string }
  | { readonly kind: 'add'; readonly key: string; readonly times: number }
  | { readonly kind: 'read'; readonly key: string }

export type Answer =
  | { readonly kind: 'created'; readonly won: boolean }
  | { readonly kind: 'added' }
  | { readonly kind: 'read'; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Lets processes fight for objects of a storage. Rejects when one of them meets an error that is
 * not a lost fight.
 */
export async function hold(storage: ContestedStorage, contest: Contest): Promise<ContestOutcome> {
  const contenders = Array.from({ length: contest.contenders }, () => start(storage))
  try {
    const unfair: string[] = []
    for (let round = 0; round < contest.creations; round++) {
      const verdict = await createTogether(contenders, `contest/created-${round}`)
      if (verdict !== undefined) unfair.push(verdict)
    }
    const counter = 'contest/counter'
    await ask(contenders[0], { kind: 'create', key: counter, text: '0' })
    const additions: Task = { kind: 'add', key: counter, times: contest.additions }
    await Promise.all(contenders.map((contender) => ask(contender, additions)))
    return { unfair, counted: Number(await read(contenders[0], counter)) }
  } finally {
    for (const contender of contenders) contender.kill('SIGKILL')
  }
}

function start({ pluginModule, config, credentials, packed }: ContestedStorage): ChildProcess {
  const parameters = [pluginModule, JSON.stringify(config), JSON.stringify(credentials ?? null)]
  return fork(join(import.meta.dirname, 'contender.ts'), parameters, {
    execArgv: [...(packed ? [] : ['--conditions=@kannery/source']), '--no-warnings'],
  })
}

/** What was unfair about it. */
async function createTogether(
  contenders: readonly ChildProcess[],
  key: string,
): Promise<string | undefined> {
  const answers = await Promise.all(
    contenders.map((contender, index) =>
      ask(contender, { kind: 'create', key, text: `contender ${index}` }),
    ),
  )
  const winners = answers.flatMap((answer, index) =>
    answer.kind === 'created' && answer.won ? [index] : [],
  )
  if (winners.length !== 1) return `${key}: won by ${winners.length}`
  const text = await read(contenders[0], key)
  return text === `contender ${winners[0]}`
    ? undefined
    : `${key}: won by ${winners[0]}, not ${text}`
}

async function read(contender: ChildProcess | undefined, key: string): Promise<string> {
  const answer = await ask(contender, { kind: 'read', key })
  return answer.kind === 'read' ? answer.text : ''
}

async function ask(contender: ChildProcess | undefined, task: Task): Promise<Answer> {
  if (contender === undefined) throw new Error('a contest needs contenders')
  contender.send(task)
  const ended = new AbortController()
  const exit = once(contender, 'exit', { signal: ended.signal }).then(() => {
    throw new Error('a contender ended')
  })
  try {
    const [answer] = (await Promise.race([once(contender, 'message'), exit])) as [Answer]
    if (answer.kind === 'failed') throw new Error(answer.reason)
    return answer
  } finally {
    ended.abort()
    exit.catch(() => undefined)
  }
}
