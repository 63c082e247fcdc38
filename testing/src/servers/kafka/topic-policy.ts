import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '../../paths.ts'
import { run } from '../processes/run.ts'
import type { KafkaInstallation } from './kafka-installation.ts'

const source = join(repositoryRoot, 'testing/kafka/BoundedTopics.java')
const className = 'BoundedTopics'

/** By the name of a setting: the least and the greatest value that a topic may have. */
export type TopicBounds = Readonly<Record<string, readonly [least: number, greatest: number]>>

/** Compiles a policy that refuses what is out of bounds. Resolves with the folder of its class. */
export async function compilePolicy({ jars }: KafkaInstallation, root: string): Promise<string> {
  const classes = join(root, 'policy')
  await mkdir(classes)
  await run('javac', ['-cp', `${jars}/*`, '-d', classes, source])
  return classes
}

/** What server.properties must say for the policy. */
export function policyProperties(bounds: TopicBounds): Readonly<Record<string, string>> {
  return {
    'create.topic.policy.class.name': className,
    'alter.config.policy.class.name': className,
    'test.bounds': Object.entries(bounds)
      .map(([name, [least, greatest]]) => `${name}:${least}:${greatest}`)
      .join(','),
  }
}
