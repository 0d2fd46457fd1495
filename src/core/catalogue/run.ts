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
  JOURNAL_VERSION: {
    exit: 1,
    about:
      'The journal was written by a version of handover whose entries this one cannot read. Nothing was contacted. Use the version that began the run, or go on from the records of the hosts with `handover resume --from-hosts`.',
  },
  PLAN_CHANGED: {
    exit: 4,
    about:
      'The frozen plan beside a journal is not the one that the run was begun with: the file was edited, exchanged or damaged, so what it says of the hosts is not believed. Nothing was contacted. Put the file back, or go on from the records of the hosts with `handover resume --from-hosts`.',
  },
  RUN_ACTIVE: {
    exit: 7,
    about:
      'The run has a controller that is still there, or one on another machine of which that cannot be told. Let the run end, or steer it with `handover abort`, `pause` and `approve`. With --takeover another controller leads it: from its first request on the hosts refuse the older one.',
  },
  RUN_NOT_ACTIVE: {
    exit: 6,
    about:
      'Nobody leads the run any more, so nobody can do what was asked for. If it was cut off, `handover resume` goes on with it and `handover rollback` takes it back.',
  },
  RUN_SILENT: {
    exit: 3,
    about:
      'The controller of the run is there, or may be there on another machine, but has not taken what it was asked for within 10 seconds. It was taken back then and will not be done. Or the message says that it was received, and nobody has said that it is written down: the disk of the run directory is slow, the controller was killed just then, or another one has come meanwhile. Then it may or may not be done, and `handover show` tells. A controller that is stopped for longer than the lease leaves its hosts to go back by themselves. Or it had accepted what was asked for, and then, on another machine, wrote nothing for longer than a lease: whether it is being done cannot be told from here.',
  },
  RUN_REQUEST_REFUSED: {
    exit: 6,
    about:
      'The controller of the run has answered that it does not do what was asked for, and why: it is decided, or going back, or nothing waits for an approval. The run goes on unchanged.',
  },
  RUN_TAKEN_OVER: {
    exit: 3,
    about:
      'Another controller has taken the run over, so this one has stopped and writes nothing more. What becomes of the hosts is told by the other one, and by `handover show`.',
  },
  RUN_UNSETTLED: {
    exit: 3,
    about:
      'The run was cut off, or ended with a host in doubt, and cannot be undone before it has been brought to its end. Nothing was contacted. `handover resume` does that, and `handover rollback` after it takes back what it has committed.',
  },
  RUN_AMBIGUOUS: {
    exit: 5,
    about:
      'The hosts hold the records of several unfinished runs, so the one to go on with has to be named: `handover resume --from-hosts PLAYBOOK -i INVENTORY RUN`.',
  },
  RUN_OTHER_ARTIFACT: {
    exit: 4,
    about:
      'The artifact of the playbook is not the binary that the run has put on the hosts, so the playbook, a variable or the file is another one than it was. Nothing was changed. Name the playbook and the variables of that run.',
  },
  WINDOW_CLOSED: {
    exit: 8,
    about:
      'No host may start to switch now: it is outside of the maintenance windows of the playbook, within the cutoff of one, or what is left of it is shorter than the bakes between the first host and the last. Nothing was contacted. The message says when it opens; `--wait` waits for that, and `handover plan` shows the next openings.',
  },
  WINDOW_NEVER_OPENS: {
    exit: 4,
    about:
      'The maintenance windows of the playbook never open within two years, or never for longer than the bakes between the first host and the last, so no run could begin, however long it waits. Nothing was contacted. `handover plan` shows the windows and the openings.',
  },
  RUN_REFUSED: {
    exit: 6,
    about: 'At least one host cannot be changed safely, so nothing was changed anywhere.',
  },
} as const satisfies Record<string, CatalogueEntry>
