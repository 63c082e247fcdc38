/** By Kafka's numbers (org.apache.kafka.common.acl.AclOperation), as far as they concern topics. */
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

/** As `kafka-acls --operation` takes them. */
export type AclOperation = keyof typeof operations

/** Reads the bit field of allowed operations (KIP-430). */
export function readOperations(bits: number): ReadonlySet<AclOperation> {
  const names = Object.keys(operations) as AclOperation[]
  return new Set(names.filter((name) => (bits & (1 << operations[name])) !== 0))
}
