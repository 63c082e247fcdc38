import type { UnnumberedRecord } from '../../record-batch/encode-records.ts'

export type ComparedField = 'key' | 'value' | 'headers' | 'timestamp'

/**
 * Returns the fields in which two records differ; none if they are the same. null is not the same
 * as empty, and headers have an order.
 */
export function differingFields(
  one: UnnumberedRecord,
  other: UnnumberedRecord,
): readonly ComparedField[] {
  const fields: ComparedField[] = []
  if (!sameBytes(one.key, other.key)) fields.push('key')
  if (!sameBytes(one.value, other.value)) fields.push('value')
  if (!sameHeaders(one, other)) fields.push('headers')
  if (one.timestamp !== other.timestamp) fields.push('timestamp')
  return fields
}

export function sameRecord(
  one: UnnumberedRecord | undefined,
  other: UnnumberedRecord | undefined,
): boolean {
  return one !== undefined && other !== undefined && differingFields(one, other).length === 0
}

function sameHeaders({ headers: some }: UnnumberedRecord, { headers: others }: UnnumberedRecord) {
  return (
    some.length === others.length &&
    some.every((header, index) => {
      const other = others[index]
      return (
        other !== undefined &&
        sameBytes(header.key, other.key) &&
        sameBytes(header.value, other.value)
      )
    })
  )
}

function sameBytes(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other
  return Buffer.compare(one, other) === 0
}
