import type { ExitCode } from '../exit-code.ts'

/** One kind of fault: the exit code it leads to and the paragraph that documents it. */
export interface CatalogueEntry {
  readonly exit: ExitCode
  /** Plain sentences for `docs/errors.md`: when it happens and what to do. */
  readonly about: string
}
