import type { CatalogueEntry } from './entry.ts'

/** The lab: a fleet on loopback. */
export const labCodes = {
  LAB_OPTION_INVALID: {
    exit: 4,
    about:
      'The lab was asked for something it cannot be: no hosts, too many hosts, or a directory whose path has characters that nginx, sshd or an inventory would read as syntax (blanks, quotes, $, ;, #, %, braces).',
  },
  LAB_DIRECTORY_NOT_EMPTY: {
    exit: 4,
    about:
      'The directory for the lab holds files that do not belong to a lab. It is left alone; name an empty directory or one that does not exist.',
  },
  LAB_ALREADY_UP: {
    exit: 4,
    about: 'A lab is running in this directory. Take it down first, or use another directory.',
  },
  LAB_NOT_FOUND: {
    exit: 4,
    about: 'The directory holds no lab (no readable lab.json), so there is nothing to show or to take down.',
  },
  LAB_PROGRAM_MISSING: {
    exit: 1,
    about: 'A program the lab is made of is not installed. scripts/setup.sh installs what is missing.',
  },
  LAB_BINARY_UNAVAILABLE: {
    exit: 1,
    about:
      'No nginx could be had: not from the cache, not from the package source this machine is set up with, and none is installed. The message says what was tried. Offline, run the lab once with network first.',
  },
  LAB_VARIANT_IMPOSSIBLE: {
    exit: 1,
    about: 'A bad binary could not be made, because the nginx it is made from lacks the text to be changed.',
  },
  LAB_START_FAILED: {
    exit: 1,
    about:
      'A daemon of the lab did not come up in time. The message has the end of its log; everything that was started has been ended again.',
  },
  LAB_STOP_FAILED: {
    exit: 1,
    about:
      'Processes of the lab are still there after being killed, or its directory could not be removed. The message names them.',
  },
} as const satisfies Record<string, CatalogueEntry>
