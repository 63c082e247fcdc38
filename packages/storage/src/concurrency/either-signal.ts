/**
 * Aborted with the reason of the first of them; `given` is that of a call, if it has one, `own` is
 * one of ours.
 */
export function eitherSignal(given: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return given === undefined ? own : AbortSignal.any([given, own])
}
