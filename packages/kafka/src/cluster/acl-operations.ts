/**
 * Kafka's numbers of the operations that concern topics (org.apache.kafka.common.acl.AclOperation).
 */
const operations = {
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  DescribeConfigs: 10,
  AlterConfigs: 11,
} as const

/** An ACL operation on a topic, by the name that `kafka-acls --operation` uses. */
export type AclOperation = keyof typeof operations

/** Reads the bit field of allowed operations (KIP-430). */
export function readOperations(bits: number): ReadonlySet<AclOperation> {
  const names = Object.keys(operations) as AclOperation[]
  return new Set(names.filter((name) => (bits & (1 << operations[name])) !== 0))
}
