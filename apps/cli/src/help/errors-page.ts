import { type ErrorArea, type ErrorCode, errorAreas, errorCodes } from '@kannery/storage'
import { whatToDo } from '../terminal/advice.ts'

const titles: Readonly<Record<ErrorArea, string>> = {
  general: 'General',
  storage: 'Storage',
  backup: 'Lease, index, data',
  plugin: 'Plugins',
  kafka: 'Kafka',
}

/** `docs/errors.md`: every code with its exit status and what to do. */
export function errorsPage(): string {
  const areas = Object.keys(titles) as ErrorArea[]
  return `${[intro, ...areas.map((area) => table(titles[area], errorAreas[area]))].join('\n\n')}\n`
}

const intro = `# Errors

An error has a code, and each code has its own exit status: scripts can rely on both. It goes to stderr: one line that \`grep\`
finds, then what is known, what to do, and the code.

\`\`\`
storage error: resource already held by someone else
  what      topic "orders" in /srv/backups has been written by backup-0 (pid 7, kannery 0.1.0) since 2026-11-23T02:11:09Z (41s ago)
  until     it counts as orphaned at 2026-11-23T02:16:14Z unless it renews its heartbeat, and is then taken over automatically
  what now  wait (--wait), or …
  code      LEASE_HELD (exit 32)
\`\`\`

With \`-o json\` it is one line of JSON with the same in fields:
\`{"error":{"code":"LEASE_HELD","exitStatus":32,"message":…,"why":…,"remedy":…,"advice":{"id":"wait-or-break-lease","topic":"orders",…},"facts":{"topic":"orders",…}}}\`.
\`advice\` is what to do for a program: an id and its parameters, if there is more to say than a sentence. \`--debug\` adds
the stack. The status 0 means success; 130 (Ctrl-C) and 143 (SIGTERM) mean that the
command was stopped at once.

The tables give general advice; an error gives more specific advice if it can.`

function table(title: string, codes: readonly ErrorCode[]): string {
  const rows = codes.map((code) => {
    const { exitStatus } = errorCodes[code]
    return `| ${exitStatus} | \`${code}\` | ${whatToDo(errorCodes[code])} |`
  })
  return [`## ${title}`, '', '| exit | code | what now |', '|---|---|---|', ...rows].join('\n')
}
