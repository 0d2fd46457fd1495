/** The words of the commands that are about a run which was begun before. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../core/duration.ts'
import { withOutput, withReach, withTargets } from './options.ts'
import type { Act } from './program.ts'

const whichRun = 'RUN is a run id, the start of one, or `last`.'
const takeover =
  'although its controller may still be there: from then on the hosts refuse that one, whatever it was about to do'

export function addSteeringCommands(program: Command, act: Act): void {
  addRollback(program, act)
  addResume(program, act)
  withOutput(program.command('abort').argument('<run>'))
    .summary('have a running run go back')
    .description(
      `Nothing more is started, every host goes back, and this waits for the end of the run. Refused once the run is decided.\n${whichRun}`,
    )
    .action(act(async () => (await import('./steer-commands.ts')).abortCommand))
  withOutput(program.command('pause').argument('<run>'))
    .summary('have a running run switch nothing more for a while')
    .description(
      `What was switched is watched on, and its leases are renewed. \`handover resume RUN\` continues the run.\n${whichRun}`,
    )
    .addOption(
      new Option('--for <duration>', 'how long at most; then the run goes back')
        .argParser(duration)
        .default(duration('1h'), '1h'),
    )
    .action(act(async () => (await import('./steer-commands.ts')).pauseCommand))
  withOutput(program.command('approve').argument('<run>'))
    .summary('let the stage begin that waits for an approval')
    .description(whichRun)
    .option('--stage <name>', 'only if it is this one that waits')
    .action(act(async () => (await import('./steer-commands.ts')).approveCommand))
}

function addRollback(program: Command, act: Act): void {
  withReach(program.command('rollback').argument('<run>'))
    .summary('undo a run, before or after its commit')
    .description(
      `A run that has committed: bring back what each host had before it, from the backup on the host, as a transaction of its own.
A run that goes on and is not decided: as \`abort\`. One that is decided: after its end.
A run that was cut off and is not decided: this process leads it, and brings every host back.
${whichRun}`,
    )
    .option(
      '-C, --check',
      'change nothing: after a commit connect and inspect, else only say what would be done',
    )
    .option('--allow-config-change', 'although the configuration was edited since it was loaded')
    .option('--allow-unhealthy', 'also take back hosts that fail a health check now; after it they must pass')
    .option('--takeover', takeover)
    .option('-y, --yes', 'do not ask before the first change (without a terminal nobody is asked)')
    .action(act(async () => (await import('./rollback-command.ts')).rollbackCommand))
}

function addResume(program: Command, act: Act): void {
  withTargets(program.command('resume').argument('[run]'))
    .summary('go on with a run: after a crash, in doubt, or paused')
    .description(
      `With the plan and the journal of the run: every host that was under way is looked at, then the run goes on. A decided one only goes forward, one that was going back goes back.
Without the journal (another machine, a lost disk): --from-hosts asks the hosts what they have recorded. Some host is decided: forward; none: back. -i, -e, -l, -u, -b and --private-key are for that alone.
A run that is paused and has its controller is continued there.
${whichRun}`,
    )
    .option('--from-hosts <playbook>', 'without the journal, from the records on the hosts; needs -i')
    .option('--takeover', takeover)
    .option(
      '--allow-unhealthy',
      'also switch hosts that fail a health check before it; after it they must pass',
    )
    .option('-y, --yes', 'do not ask before (without a terminal nobody is asked)')
    .action(act(async () => (await import('./resume-command.ts')).resumeCommand))
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms <= 0)
    throw new InvalidArgumentError('a duration such as 30s, 10m or 1h is expected')
  return ms
}
