import type { CatalogueEntry } from './entry.ts'

/** The lab: a fleet on loopback. */
export const labCodes = {} as const satisfies Record<string, CatalogueEntry>
