import type { CatalogueEntry } from './entry.ts'

/** What a host reports about itself and about a phase that ran on it. */
export const hostCodes = {} as const satisfies Record<string, CatalogueEntry>
