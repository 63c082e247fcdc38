import type { ErrorCodeDescription } from '../error-code-description.ts'

/** Codes of errors that belong to no area. */
export type GeneralErrorCode = 'INTERNAL' | 'CONFIG_INVALID' | 'OUTPUT_CLOSED' | 'INTERRUPTED'

/** Descriptions of the codes of errors that belong to no area. */
export const generalCodes: Readonly<Record<GeneralErrorCode, ErrorCodeDescription>> = {
  INTERNAL: {
    exitStatus: 1,
    remedy: 'This is a defect of Kannery. Please report it.',
    advice: { id: 'report-defect' },
  },
  CONFIG_INVALID: { exitStatus: 2, remedy: 'Correct the configuration and try again.' },
  OUTPUT_CLOSED: {
    exitStatus: 3,
    remedy: 'Keep the reader of the output open, or write it to a file.',
  },
  INTERRUPTED: { exitStatus: 4, remedy: 'The work was interrupted. Start it again to continue.' },
}
