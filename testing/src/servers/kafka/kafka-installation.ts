import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '../../paths.ts'
import { cachedFolder } from '../processes/cached-folder.ts'
import { run } from '../processes/run.ts'

const pom = join(repositoryRoot, 'testing/kafka/pom.xml')
const logging = join(repositoryRoot, 'testing/kafka/log4j2.yaml')

export interface KafkaInstallation {
  readonly version: string
  /** The folder of the jars. */
  readonly jars: string
  /** The command line that runs a Kafka class. */
  java(options: JavaOptions, mainClass: string, ...commandArguments: string[]): string[]
}

export interface JavaOptions {
  readonly heapMb: number
  /** A folder of classes that Kafka is to find as well. */
  readonly classes?: string | undefined
}

/** Apache Kafka as Maven has it; fetched once (54 MB), then from the cache. */
export async function installKafka(): Promise<KafkaInstallation> {
  const version = await pinnedVersion()
  const jars = await cachedFolder(`kafka-${version}`, async (folder) => {
    await run('mvn', [
      '--quiet',
      '--batch-mode',
      '--file',
      pom,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${folder}`,
    ])
  })
  return {
    version,
    jars,
    java: ({ heapMb, classes }, mainClass, ...commandArguments) => [
      'java',
      `-Xmx${heapMb}m`,
      // A small broker shares two cores with the tests: start fast, keep few threads.
      ...(heapMb <= 512 ? ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'] : []),
      `-Dlog4j2.configurationFile=${logging}`,
      '-cp',
      classes === undefined ? `${jars}/*` : `${classes}:${jars}/*`,
      mainClass,
      ...commandArguments,
    ],
  }
}

/**
 * Runs one of Kafka's own tools (`org.apache.kafka.tools.TopicCommand`, …) to its end; resolves
 * with what it printed.
 */
export async function runKafkaTool(
  mainClass: string,
  ...commandArguments: string[]
): Promise<string> {
  const kafka = await installKafka()
  const [java, ...rest] = kafka.java({ heapMb: 256 }, mainClass, ...commandArguments)
  return run(java ?? 'java', rest)
}

async function pinnedVersion(): Promise<string> {
  const text = await readFile(pom, 'utf8')
  const version = /<artifactId>kafka_2\.13<\/artifactId>\s*<version>([^<]+)</.exec(text)?.[1]
  if (version === undefined) throw new Error(`${pom} names no version of kafka_2.13`)
  return version
}
