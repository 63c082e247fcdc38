import { KanneryError } from '@kannery/storage'

export function compressedDataError(codec: string, why: string, cause?: unknown): KanneryError {
  return new KanneryError('KAFKA_DATA_CORRUPT', `records compressed with ${codec} cannot be read`, {
    why,
    facts: { codec },
    cause,
  })
}
