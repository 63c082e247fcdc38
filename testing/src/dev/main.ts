import { spawnSync } from 'node:child_process'

function run(command: string, ...args: string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

const [command] = process.argv.slice(2)
if (command !== 'test') {
  process.stderr.write('usage: ./dev test\n')
  process.exit(2)
}
run('pnpm', 'run', 'build')
run('pnpm', 'run', 'lint')
run('vitest', 'run', '--root', 'packages/storage')
