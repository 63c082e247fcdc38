/**
 * Returns a signal that is aborted when one of the two is, with its reason. `given` is the signal
 * of a call, if it has one.
 */
export function eitherSignal(given: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return given === undefined ? own : AbortSignal.any([given, own])
}
