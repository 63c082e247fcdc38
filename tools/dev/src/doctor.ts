import { spawnSync } from 'node:child_process'
import type { DevCommand } from './command.ts'

interface Requirement {
  readonly name: string
  /** The commands that need it; most people need only the demo. */
  readonly for: 'everything' | 'tests'
  readonly remedy: string
  /** What is there; undefined when it is missing or too old. */
  find(): string | undefined
}

const oldestJava = 17
/** From here on, Go fetches a newer toolchain itself where a program wants one. */
const oldestGo = 21
const oldestPython = [3, 9] as const

const requirements: readonly Requirement[] = [
  {
    name: `Java ${oldestJava} or newer`,
    for: 'everything',
    remedy: 'Install a JDK, such as the package openjdk-17-jdk-headless (Debian, Ubuntu).',
    find: () => atLeastJava(output('java', '-version')),
  },
  {
    name: 'Maven',
    for: 'everything',
    remedy: 'Install the package maven. It fetches Kafka.',
    find: () => /Apache Maven [\d.]+/.exec(output('mvn', '--version'))?.[0],
  },
  {
    name: 'Python 3 with pip',
    for: 'tests',
    remedy: 'Install the packages python3 and python3-pip.',
    find: () =>
      atLeastPython(output('python3', '--version'), output('python3', '-m', 'pip', '--version')),
  },
  {
    name: `Go 1.${oldestGo} or newer`,
    for: 'tests',
    remedy:
      'Install the package golang, or what go.dev offers. It builds servers of object storages.',
    find: () => atLeastGo(output('go', 'version')),
  },
  {
    name: 'javac',
    for: 'tests',
    remedy: 'It is part of a JDK; a mere runtime (JRE) lacks it.',
    find: () => /^javac \S+/.exec(output('javac', '-version'))?.[0],
  },
  {
    name: 'keytool',
    for: 'tests',
    remedy: 'It is part of a JDK; a mere runtime (JRE) may lack it.',
    find: () => found('keytool', '-help'),
  },
  {
    name: 'OpenSSL',
    for: 'tests',
    remedy: 'Install the package openssl.',
    find: () => /^OpenSSL [\w.]+/.exec(output('openssl', 'version'))?.[0],
  },
  {
    name: 'strace',
    for: 'tests',
    remedy: 'Install the package strace. Tests watch system calls with it.',
    find: () => /strace -- version \S+/.exec(output('strace', '--version'))?.[0],
  },
  {
    name: 'a mount namespace',
    for: 'tests',
    remedy: 'Run the tests as root, or allow user namespaces: a test fills a disk of its own.',
    find: () => found('unshare', '--user', '--map-root-user', '--mount', 'true'),
  },
]

export const doctorCommand: DevCommand = {
  name: 'doctor',
  usage: '',
  summary: 'say what this machine lacks, and how to get it',
  async run() {
    const findings = requirements.map((requirement) => ({
      ...requirement,
      version: requirement.find(),
    }))
    const lines = [`ok       Node ${process.version}, pnpm and all packages`]
    for (const { name, version, remedy, for: purpose } of findings) {
      if (version !== undefined) lines.push(`ok       ${name}: ${version}`)
      else lines.push(`MISSING  ${name}, for ${purpose}\n         ${remedy}`)
    }
    process.stdout.write(`${lines.join('\n')}\n`)
    return findings.every(({ version }) => version !== undefined) ? 0 : 1
  },
}

function atLeastJava(text: string): string | undefined {
  const [, version, major] = /version "((\d+)[^"]*)"/.exec(text) ?? []
  return Number(major) >= oldestJava ? version : undefined
}

function atLeastPython(python: string, pip: string): string | undefined {
  const [version, major, minor] = /(\d+)\.(\d+)[.\d]*/.exec(python) ?? []
  const [oldestMajor, oldestMinor] = oldestPython
  const newEnough = Number(major) === oldestMajor && Number(minor) >= oldestMinor
  return newEnough && pip.startsWith('pip ') ? `${version}, ${pip.split(' from ')[0]}` : undefined
}

function atLeastGo(text: string): string | undefined {
  const [, version, minor] = /go version go(1\.(\d+)\S*)/.exec(text) ?? []
  return Number(minor) >= oldestGo ? version : undefined
}

/** What it prints, on either stream; empty when it is not there. */
function output(command: string, ...words: string[]): string {
  const { stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' })
  return `${stdout ?? ''}${stderr ?? ''}`
}

function found(command: string, ...words: string[]): string | undefined {
  return spawnSync(command, words, { stdio: 'ignore' }).status === 0 ? 'there' : undefined
}
