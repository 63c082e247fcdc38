import type { KanneryError } from '@kannery/storage'
import type { PluginSources } from '../plugins/plugin-sources.ts'
import type { Environment } from '../system.ts'

/** What a job needs beside its documents. */
export interface JobContext<Observer extends JobObserver> {
  /** Where the backends of storages are found. */
  readonly plugins: PluginSources
  /** Variables that the references of documents name. */
  readonly environment: Environment
  /** Ends the job early: open work is finished and committed first. */
  readonly signal: AbortSignal
  readonly observer: Observer
}

/**
 * What every job reports while it runs. Every method is called synchronously and must not throw.
 */
export interface JobObserver {
  /** A problem that the job works around or retries. */
  onWarning?(warning: KanneryError): void
  /** A line of text for people, such as the address at which metrics are served. */
  onNote?(text: string): void
}
