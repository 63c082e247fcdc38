/**
 * One of the processes of contest.ts: opens the storage for itself and does what the contest asks
 * for.
 */
import { randomBytes } from 'node:crypto'
import type { Answer, Task } from './contest.ts'

/**
 * The parts of the storage contract that are used here; this package depends on none of the others.
 */
interface Plugin {
  open(config: unknown, context: unknown): Promise<Storage>
}
interface Storage {
  get(
    key: string,
  ): Promise<AsyncDisposable & { info: { version: string }; body: AsyncIterable<Uint8Array> }>
  put(key: string, body: Uint8Array, options: { condition: Condition }): Promise<unknown>
}
type Condition = { kind: 'if-absent' } | { kind: 'if-version'; version: string }

const [pluginModule = '', config = '', credentials = ''] = process.argv.slice(2)
const { plugin } = (await import(pluginModule)) as { plugin: Plugin }
const storage = await plugin.open(JSON.parse(config), {
  access: 'write',
  credentials: JSON.parse(credentials) ?? undefined,
  random: { bytes: (length: number) => randomBytes(length) },
  userAgent: 'kannery-contest',
})

process.on('message', (task: Task) => {
  void perform(task)
    .catch(failure)
    .then((answer) => process.send?.(answer))
})

async function perform(task: Task): Promise<Answer> {
  switch (task.kind) {
    case 'create':
      return { kind: 'created', won: await wins(task.key, task.text, { kind: 'if-absent' }) }
    case 'add':
      for (let added = 0; added < task.times; ) if (await addOne(task.key)) added++
      return { kind: 'added' }
    case 'read':
      return { kind: 'read', text: (await read(task.key)).text }
  }
}

async function addOne(key: string): Promise<boolean> {
  const { text, version } = await read(key)
  return await wins(key, String(Number(text) + 1), { kind: 'if-version', version })
}

async function wins(key: string, text: string, condition: Condition): Promise<boolean> {
  for (;;) {
    try {
      await storage.put(key, Buffer.from(text), { condition })
      return true
    } catch (error) {
      const { code, facts } = error as { code?: string; facts?: { status?: unknown } }
      if (code === 'STORAGE_ALREADY_EXISTS' || code === 'STORAGE_PRECONDITION_FAILED') return false
      // S3's "another request is writing it right now": nothing was stored.
      if (facts?.status !== 409) throw error
    }
  }
}

async function read(key: string): Promise<{ text: string; version: string }> {
  await using reader = await storage.get(key)
  const chunks: Uint8Array[] = []
  for await (const chunk of reader.body) chunks.push(Uint8Array.from(chunk))
  return { text: Buffer.concat(chunks).toString(), version: reader.info.version }
}

function failure(error: unknown): Answer {
  const { message, why = '' } = error as { message?: string; why?: string }
  return { kind: 'failed', reason: `${message ?? String(error)}: ${why}` }
}
