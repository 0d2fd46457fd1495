import type { CatalogueEntry } from './entry.ts'

/** Inventories, groups and patterns. */
export const inventoryCodes = {} as const satisfies Record<string, CatalogueEntry>
