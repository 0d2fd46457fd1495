/** Plays a story: real coordinators, simulated hosts, virtual time; looks at the invariants after every step. */
import { checkClaims, type Taken, takenByOthers } from './claims.ts'
import { type Controller, startController } from './controller.ts'
import { diceOf } from './dice.ts'
import { type Fate, fateOf } from './fate.ts'
import { type Machine, machineOf } from './host-machine.ts'
import { type Onlooker, onlooker } from './invariants.ts'
import { type Link, linkTo } from './network.ts'
import { isDecided, type Sheet } from './sheet.ts'
import { another, type Sequel, type Story, theNew } from './story.ts'
import { strike } from './trouble.ts'
import { checkFairWeather, checkFinish, checkLeft, checkQuiet, type Finish, lastFinish } from './truth.ts'
import { type VirtualTime, virtualTime } from './virtual-clock.ts'
import { unhurt, type Wounds } from './wounds.ts'

export interface Played {
  readonly violations: readonly string[]
  readonly steps: number
  readonly virtualMs: number
  readonly struck: number
  readonly finish: Finish | undefined
  readonly sheet: Sheet
}

interface Scene {
  readonly story: Story
  readonly time: VirtualTime
  readonly machines: Map<string, Machine>
  readonly links: Map<string, Link>
  readonly wounds: Map<Machine, Wounds>
  readonly sheets: Map<string, Sheet>
  readonly watcher: Onlooker
  /** Of the first run, one after the other. */
  readonly controllers: Controller[]
  fate: Fate
}

const firstRun = 'run-1'
const secondRun = 'run-2'
const mostSteps = 400_000

export async function play(story: Story, most = mostSteps): Promise<Played> {
  const scene = sceneOf(story)
  const { time, controllers, watcher, sheets } = scene
  // The daemons are there before the run.
  time.after(200, () => begin(scene, firstRun, theNew), 'controller')
  const untilQuiet = async () => {
    const how = await time.play(most, () => {
      scene.fate.step()
      return watcher.violations.length === 0
    })
    if (how === 'endless') watcher.violations.push(`the story does not end within ${most} steps`)
    if (how === 'quiet') judgeQuiet(scene)
  }
  await untilQuiet()
  // Whoever was left alone is taken up at last: then, too, it must come to an end that is one.
  if (watcher.violations.length === 0 && controllers.at(-1)?.ended === undefined) {
    goOn(scene, 'resume', 1000)
    await untilQuiet()
  }
  const sheet = sheets.get(firstRun) ?? blank(firstRun)
  return {
    violations: watcher.violations,
    steps: time.steps(),
    virtualMs: time.nowMs(),
    struck: scene.fate.struck(),
    finish: lastFinish(sheet),
    sheet,
  }
}

function sceneOf(story: Story): Scene {
  const time = virtualTime()
  const machines = new Map<string, Machine>()
  const wounds = new Map<Machine, Wounds>()
  const links = new Map<string, Link>()
  const watcher = onlooker(machines, wounds, story, time)
  for (const traits of story.hosts) {
    const machine = machineOf(time, diceFor(story, traits.name), traits, watcher)
    machines.set(traits.name, machine)
    links.set(traits.name, linkTo(machine))
    wounds.set(machine, unhurt())
  }
  const controllers: Controller[] = []
  const scene: Omit<Scene, 'fate'> = {
    story,
    time,
    machines,
    links,
    wounds,
    sheets: new Map(),
    watcher,
    controllers,
  }
  const whole: Scene = Object.assign(scene, {
    fate: fateOf(story, time, what =>
      strike(
        {
          time,
          links,
          wounds,
          controller: () => controllers.at(-1),
          goOn: (sequel, afterMs) => goOn(whole, sequel, afterMs),
          beginAnother: () => beginAnother(whole),
        },
        what,
      ),
    ),
  })
  return whole
}

function begin(scene: Scene, run: string, binary: string): void {
  const { story, time, links, machines, watcher, controllers, sheets, fate } = scene
  const sheet = sheets.get(run) ?? blank(run)
  sheets.set(run, sheet)
  const isFirst = run === firstRun
  const epoch = isFirst ? controllers.length + 1 : 1
  const taken = takenByOthers(machines, run)
  const controller = startController({
    story,
    run,
    binary,
    epoch,
    sheet,
    time,
    dice: diceFor(story, `${run} ${epoch}`),
    links,
    onlooker: watcher,
    onEntry: type => isFirst && fate.hear(type),
    onEnd: ended => judge(scene, ended, binary, taken),
  })
  if (isFirst) controllers.push(controller)
}

function goOn(scene: Scene, sequel: Sequel, afterMs: number): void {
  const { time, sheets, controllers, watcher } = scene
  if (sequel === 'nothing') return
  const next = () => {
    const sheet = sheets.get(firstRun)
    // Killed before its first entry was durable, there is no run.
    if (!sheet || sheet.entries.length === 0) return
    if (sequel === 'back' && !isDecided(sheet)) {
      const body = { type: 'run.rolling_back', reason: 'asked for' } as const
      const written = { body, epoch: controllers.length + 1, atMs: time.nowMs() }
      sheet.entries.push(written)
      watcher.durable(sheet, written)
    }
    begin(scene, firstRun, theNew)
  }
  time.after(afterMs, next, 'controller')
}

function beginAnother(scene: Scene): void {
  if (scene.sheets.has(secondRun)) return
  scene.time.after(0, () => begin(scene, secondRun, another), 'controller')
}

/** A controller says that its run is over. */
function judge(
  scene: Scene,
  { ended, sheet, wasInterrupted }: Controller,
  binary: string,
  taken: Taken,
): void {
  if (ended === 'could not begin' || ended === undefined) return
  const { story, machines, links, wounds } = scene
  const { violations } = scene.watcher
  const finish = lastFinish(sheet)
  if (!finish) return void violations.push(`invariant 12: ${sheet.run} ended without saying so`)
  if (wasInterrupted && finish.outcome.startsWith('committed'))
    violations.push('invariant 13: interrupted before the decision, and committed')
  if (sheet.run !== firstRun) return
  violations.push(...checkFinish(finish, sheet.run, machines, wounds, binary))
  violations.push(...checkClaims(finish, sheet, machines, wounds, binary, taken))
  violations.push(...checkLeft(sheet, links, wounds), ...checkFairWeather(story, finish))
}

/** Nothing moves any more. */
function judgeQuiet({ watcher, controllers, sheets, story, machines, wounds }: Scene): void {
  const { violations } = watcher
  const last = controllers.at(-1)
  if (last && !last.life.isDead() && last.ended === undefined) violations.push('the run waits for ever')
  const mayBeOld = story.limits.maxFailed + story.limits.maxUnreachable
  const sheet = sheets.get(firstRun)
  if (sheet) violations.push(...checkQuiet(sheet, machines, wounds, theNew, mayBeOld))
}

const blank = (run: string): Sheet => ({ run, entries: [], published: [] })

/** Each has dice of its own, so that a story stays much the same when something is taken out of it. */
function diceFor({ seed }: Story, whom: string) {
  let hash = 7
  for (const letter of whom) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0
  return diceOf(seed ^ hash)
}
