import type { CatalogueEntry } from './entry.ts'

/** Reaching a host over SSH. */
export const sshCodes = {} as const satisfies Record<string, CatalogueEntry>
