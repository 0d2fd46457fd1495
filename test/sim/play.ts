/** Plays a story: real coordinators, simulated hosts, virtual time; looks at the invariants after every step. */
import type { EntryType } from '../../src/journal/entry.ts'
import { type Controller, startController } from './controller.ts'
import { diceOf } from './dice.ts'
import { type Machine, machineOf } from './host-machine.ts'
import { type Onlooker, onlooker, type Wounds } from './invariants.ts'
import { type Link, linkTo } from './network.ts'
import type { Sheet } from './sheet.ts'
import { another, type Sequel, type Story, theNew, theOld, type When } from './story.ts'
import { type Stricken, strike } from './trouble.ts'
import { checkFairWeather, checkFinish, checkLeft, checkQuiet, type Finish, lastFinish } from './truth.ts'
import { virtualTime } from './virtual-clock.ts'

export interface Played {
  readonly violations: readonly string[]
  readonly steps: number
  readonly virtualMs: number
  readonly struck: number
  readonly finish: Finish | undefined
  readonly sheet: Sheet
  readonly machines: ReadonlyMap<string, Machine>
}

const firstRun = 'run-1'
const secondRun = 'run-2'
const mostSteps = 400_000

export async function play(story: Story, most = mostSteps): Promise<Played> {
  const time = virtualTime()
  // Each has dice of its own, so that a story stays much the same when something is taken out of it.
  const diceFor = (whom: string) => diceOf(story.seed ^ hashOf(whom))
  const machines = new Map<string, Machine>()
  const wounds = new Map<Machine, Wounds>()
  const links = new Map<string, Link>()
  const sheets = new Map<string, Sheet>()
  const watcher = onlooker(machines, wounds, story.limits)
  for (const traits of story.hosts) {
    const machine = machineOf(time, diceFor(traits.name), traits, watcher)
    machines.set(traits.name, machine)
    links.set(traits.name, linkTo(machine))
  }

  const told = new Map<EntryType, number>()
  const controllers: Controller[] = []
  let struck = 0
  const begin = (run: string, binary: string, epoch: number): Controller => {
    const sheet = sheets.get(run) ?? { run, entries: [], published: [] }
    sheets.set(run, sheet)
    const controller = startController({
      story,
      run,
      binary,
      epoch,
      sheet,
      time,
      dice: diceFor(`${run} ${epoch}`),
      links,
      onlooker: watcher,
      onEntry: type => run === firstRun && hearEntry(type),
      onEnd: ended => judge(ended, binary),
    })
    if (run === firstRun) controllers.push(controller)
    return controller
  }
  const judge = ({ ended, sheet, wasInterrupted }: Controller, binary: string) => {
    if (ended === 'could not begin' || ended === undefined) return
    const { violations } = watcher
    const finish = lastFinish(sheet)
    if (!finish) return void violations.push(`invariant 12: ${sheet.run} ended without saying so`)
    if (wasInterrupted && finish.outcome.startsWith('committed'))
      violations.push('invariant 13: interrupted before the decision, and committed')
    if (sheet.run !== firstRun) return
    const sides = { old: theOld, new: binary }
    violations.push(...checkFinish(finish, sheet.run, machines, wounds, sides))
    violations.push(...checkLeft(sheet, links, wounds), ...checkFairWeather(story, finish))
  }
  const world: Stricken = {
    time,
    links,
    wounds,
    controller: () => controllers.at(-1),
    goOn: (sequel, afterMs) => goOn(sequel, afterMs),
    beginAnother: () => {
      if (!sheets.has(secondRun)) time.after(0, () => void begin(secondRun, another, 1), 'controller')
    },
  }
  const goOn = (sequel: Sequel, afterMs: number) => {
    if (sequel === 'nothing') return
    time.after(
      afterMs,
      () => {
        const sheet = sheets.get(firstRun)
        // Killed before its first entry was durable, there is no run.
        if (!sheet || sheet.entries.length === 0) return
        const epoch = controllers.length + 1
        const isDecided = sheet.entries.some(({ body }) => body.type === 'run.decided')
        if (sequel === 'back' && !isDecided)
          sheet.entries.push({
            body: { type: 'run.rolling_back', reason: 'asked for' },
            epoch,
            atMs: time.nowMs(),
          })
        begin(firstRun, theNew, epoch)
      },
      'controller',
    )
  }

  const waiting = story.strikes.filter(({ when }) => 'step' in when || 'entry' in when)
  const hit = (what: Story['strikes'][number]['what']) => {
    struck++
    strike(world, what)
  }
  const hearEntry = (type: EntryType) => {
    const times = (told.get(type) ?? 0) + 1
    told.set(type, times)
    for (const { when, what } of waiting)
      if ('entry' in when && when.entry === type && when.nth === times)
        time.after(when.plusMs, () => hit(what), 'controller')
  }
  const steps = new Map<number, Story['strikes']>()
  for (const one of waiting) if ('step' in one.when) put(steps, one.when.step, one)
  for (const { when, what } of story.strikes)
    if (isTimed(when)) time.after(when.ms, () => hit(what), 'controller')

  for (const machine of machines.values()) wounds.set(machine, fresh())
  // The daemons are there before the run.
  time.after(200, () => void begin(firstRun, theNew, 1), 'controller')
  const end = await time.play(most, () => {
    for (const { what } of steps.get(time.steps()) ?? []) hit(what)
    return watcher.violations.length === 0
  })
  return finishUp(end)

  function finishUp(how: Awaited<ReturnType<typeof time.play>>): Played {
    const sheet = sheets.get(firstRun) ?? { run: firstRun, entries: [], published: [] }
    if (how === 'endless') watcher.violations.push(`the story does not end within ${most} steps`)
    const last = controllers.at(-1)
    if (how === 'quiet' && last && !last.life.isDead() && last.ended === undefined)
      watcher.violations.push('the run waits for ever')
    if (how === 'quiet') judgeQuiet(watcher, sheet)
    const { violations } = watcher
    return {
      violations,
      steps: time.steps(),
      virtualMs: time.nowMs(),
      struck,
      finish: lastFinish(sheet),
      sheet,
      machines,
    }
  }

  function judgeQuiet({ violations }: Onlooker, sheet: Sheet): void {
    const mayBeOld = story.limits.maxFailed + story.limits.maxUnreachable
    const sides = { old: theOld, new: theNew }
    violations.push(...checkQuiet(sheet, machines, wounds, sides, mayBeOld))
  }
}

const fresh = (): Wounds => ({
  intruded: false,
  // Before its daemon has come up.
  mayBeSilent: true,
  cameUpNew: false,
  lostDeadMan: false,
  reboots: 0,
})

function isTimed(when: When): when is { readonly ms: number } {
  return 'ms' in when
}

function put<Key, Value>(map: Map<Key, readonly Value[]>, key: Key, value: Value): void {
  map.set(key, [...(map.get(key) ?? []), value])
}

function hashOf(text: string): number {
  let hash = 7
  for (const letter of text) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0
  return hash
}
