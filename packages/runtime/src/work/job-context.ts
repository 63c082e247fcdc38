import type { KanneryError } from '@kannery/storage'
import type { PluginSources } from '../plugins/plugin-sources.ts'
import type { Environment } from '../system.ts'

/** What a job needs beside its documents. */
export interface JobContext<Observer extends JobObserver> {
  /** Where the backends of storages are found. */
  readonly plugins: PluginSources
  /** Variables that the references of documents name. */
  readonly environment: Environment
  /** Ends the job early: what is open is finished first. */
  readonly signal: AbortSignal
  readonly observer: Observer
}

/**
 * What every job reports while it runs. Every method is called synchronously and must not throw.
 */
export interface JobObserver {
  /** Something that the job does without, or tries again. */
  onWarning?(warning: KanneryError): void
  /** A line for people, such as where metrics are served. */
  onNote?(text: string): void
}
