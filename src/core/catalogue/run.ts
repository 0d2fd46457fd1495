import type { CatalogueEntry } from './entry.ts'

/** The run as a whole, and the command line. */
export const runCodes = {
  UNEXPECTED: {
    exit: 1,
    about: 'Something nobody foresaw went wrong inside handover. Please report it with the text shown.',
  },
} as const satisfies Record<string, CatalogueEntry>
