import type { TopicReport } from '../observer.ts'

/** Adds up what was committed of each topic, also when it was closed and opened again. */
export class TopicReports {
  readonly #reports = new Map<string, TopicReport>()

  add(report: TopicReport): void {
    const before = this.#reports.get(report.topic)
    this.#reports.set(report.topic, {
      ...report,
      records: report.records + (before?.records ?? 0),
      bytes: report.bytes + (before?.bytes ?? 0),
      segments: report.segments + (before?.segments ?? 0),
      begun: [...(before?.begun ?? []), ...report.begun],
      gaps: [...(before?.gaps ?? []), ...report.gaps],
    })
  }

  /** Reports in order of the topics' names. */
  get all(): readonly TopicReport[] {
    return [...this.#reports.values()].sort((one, other) => (one.topic < other.topic ? -1 : 1))
  }
}
