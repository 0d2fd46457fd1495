/** A secret goes through a whole run: killed, resumed, checked from both sides, and shown nowhere. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Ended, expectAllRun, finish, inWorld, quickHealth, type World } from './world.ts'

const variable = 'HANDOVER_STORY_TOKEN'
const token = 'sw0rdfish/æ&"x"'
/** As it stands in files, addresses, JSON; and half of it, as it would be left where a text is cut. */
const forms = [token, encodeURIComponent(token), JSON.stringify(token).slice(1, -1), 'sw0rd']

const echoing = (from: string) => ({
  ...quickHealth(`echo from the ${from}`, '', ''),
  http: undefined,
  command: { run: ['sh', '-c', 'echo "said $0"; exit 0', '{{ header }}'], from },
})
const playbook = {
  lease: '20s',
  vars: { header: 'Bearer {{ token }}' },
  secrets: { token: { env: variable } },
  health: [quickHealth('page', '/healthz?key={{ token }}', 'ok'), echoing('controller'), echoing('host')],
}

function expectNowhere(world: World, ...ended: Ended[]): void {
  const runs = join(world.dir, 'runs')
  const files = readdirSync(runs, { recursive: true, withFileTypes: true }).filter(file => file.isFile())
  const kept = files.map(file => readFileSync(join(file.parentPath, file.name), 'utf8'))
  expect(kept.length).toBeGreaterThan(2)
  const said = ended.map(
    each => JSON.stringify(each.entries.map(entry => JSON.stringify(entry))) + each.stderr,
  )
  // Logs of the web server are not ours; records of the host are.
  const records = world.lab.hosts.map(
    ({ root }) =>
      spawnSync('grep', ['-rac', 'sw0rd', join(root, 'var/lib/handover')], { encoding: 'utf8' }).stdout,
  )
  expect(
    records
      .join('\n')
      .split('\n')
      .filter(line => /:[1-9]/.test(line)),
  ).toEqual([])
  for (const text of [...kept, ...said]) for (const form of forms) expect(text).not.toContain(form)
}

test('a secret is used by every check, also of the controller that resumes, and shown by none', async () => {
  process.env[variable] = token
  onTestFinished(() => void delete process.env[variable])
  await inWorld(2, async world => {
    const running = world.start(world.playbook(playbook), world.binaries.newer.path)
    const { run } = await running.until(entry => entry.type === 'host.healthy')
    running.child.kill('SIGKILL')
    const killed = await running.ended

    delete process.env[variable]
    const poor = await world.command('resume', run, '--yes').ended
    expect(poor.exit).toBe(4)
    expect(JSON.stringify(poor.entries)).toContain('SECRET_UNAVAILABLE')

    process.env[variable] = token
    const resumed = await world.command('resume', run, '--yes').ended
    expect(finish(resumed)).toMatchObject({ exit: 0, outcome: 'committed' })
    await expectAllRun(world, world.binaries.newer.path)
    const shown = await world.command('show', run).ended
    expect(JSON.stringify(resumed.entries)).toContain('said Bearer ***')
    expectNowhere(world, killed, poor, resumed, shown)
    const plan = JSON.parse(readFileSync(join(world.dir, 'runs', run, 'plan.json'), 'utf8')) as object
    expect(plan).toMatchObject({ secrets: { token: { env: variable } } })
  })
})

test('a check that fails tells what it wanted and what it saw without the secret', async () => {
  process.env[variable] = token
  onTestFinished(() => void delete process.env[variable])
  await inWorld(1, async world => {
    // The page answers with the address it was asked for; the wanted text is cut in the message.
    const failing = quickHealth('page', '/?key={{ token }}', `${'wanted '.repeat(9)}{{ token }}`)
    const file = world.playbook({ ...playbook, health: [failing, echoing('host')] })
    const args = ['-i', world.lab.inventory, '-e', `artifact=${world.binaries.newer.path}`]
    const ended = await world.command('preflight', file, ...args).ended
    expect(ended.exit).toBe(6)
    const refused = await world.run(file, world.binaries.newer.path)
    expect(refused.exit).toBe(6)
    expect(JSON.stringify(refused.entries)).toContain('HEALTH')
    expectNowhere(world, ended, refused)
  })
})

test('a run that was cut off goes back without its secret, whatever the secret begins with', async () => {
  process.env[variable] = 'passable-switched'
  onTestFinished(() => void delete process.env[variable])
  await inWorld(2, async world => {
    const running = world.start(
      world.playbook({ ...playbook, stages: [{ name: 'all', hosts: 'rest', bake: '10m' }] }),
      world.binaries.newer.path,
    )
    const { run } = await running.until(entry => entry.type === 'stage.baking')
    running.child.kill('SIGKILL')
    const killed = await running.ended
    const verdicts = killed.entries.flatMap(entry => (entry.type === 'health.changed' ? entry.verdict : []))
    expect(new Set(verdicts)).toEqual(new Set(['pass']))

    delete process.env[variable]
    const back = await world.command('rollback', run, '--yes').ended
    expect(back.exit).toBe(0)
    expect(back.entries.at(-1)).toMatchObject({ type: 'rollback.finished', outcome: 'rolled-back' })
    await expectAllRun(world, world.binaries.older.path)
  })
})
