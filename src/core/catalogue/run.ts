import type { CatalogueEntry } from './entry.ts'

/** The run as a whole, and the command line. */
export const runCodes = {
  UNEXPECTED: {
    exit: 1,
    about: 'Something nobody foresaw went wrong inside handover. Please report it with the text shown.',
  },
  USAGE: {
    exit: 5,
    about: 'The command line is wrong. `handover COMMAND --help` shows what is understood.',
  },
  JOURNAL_FAILED: {
    exit: 1,
    about:
      'The journal of the run cannot be written. No effect follows without a durable entry, so the run stops, and what was switched goes back.',
  },
  JOURNAL_CORRUPT: {
    exit: 1,
    about:
      'A journal has a line in its middle that is no entry. It was edited or the disk is damaged; the place is shown.',
  },
  RUN_NOT_FOUND: {
    exit: 5,
    about: 'No run has that id, or several begin with it. `handover runs` lists them.',
  },
  RUN_ACTIVE: {
    exit: 7,
    about:
      'The run that is to be undone is still going on. Let it end, or interrupt it: until its commit Ctrl-C takes every host back.',
  },
  RUN_UNSETTLED: {
    exit: 3,
    about:
      'The run that is to be undone was cut off, or ended with a host in doubt, so what its hosts run is not known from its journal. Nothing was contacted. Settle it first: a host that was not decided goes back by itself when its lease ends, `handover status` shows each one, and docs/hosts.md, "By hand", tells how to bring the others back or forward.',
  },
  RUN_REFUSED: {
    exit: 6,
    about: 'At least one host cannot be changed safely, so nothing was changed anywhere.',
  },
} as const satisfies Record<string, CatalogueEntry>
