import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import type { LabBinaries } from '../../src/lab/packages.ts'
import { readProcess, signalProcess } from '../../src/lab/process.ts'
import { buildVariant, type VariantKind } from '../../src/lab/variants.ts'
import {
  expectOnly,
  mastersOf,
  onHost,
  preparedWith,
  replaceBinary,
  runningStaged,
  type SlowClient,
  sha256Now,
  shown,
  slowClient,
  stagedInode,
  until,
  type World,
  watchInvariants,
} from './world.ts'

const variant = (kind: VariantKind) => (binaries: LabBinaries, dir: string) =>
  buildVariant(kind, binaries.newer, dir).then(one => one.path)

const third = async (binaries: LabBinaries, dir: string) =>
  (await buildVariant('other-version', binaries.older, dir)).path

describe('a new binary that does not take over', () => {
  test('dies 2.5 s after its start, because it cannot bind (R4)', async () => {
    await onHost({ artifact: variant('dies-after-tests') }, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toPrepared()
      const answer = await program.switchOver()
      expect(shown(answer)).toBe('reverted NEW_MASTER_DIED')
      expect(field(answer, 'log')).toContain('Address already in use')
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })

  test('dies at once: the configuration has become worse since it was tried', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toPrepared()
      appendFileSync(world.host.config, 'no_such_directive on;\n')
      const answer = await program.switchOver()
      expect(shown(answer)).toMatch(/^reverted (NEW_MASTER_DIED|NO_NEW_MASTER)$/)
      expect(field(answer, 'log')).toContain('no_such_directive')
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })

  test('has a master and no workers (R5)', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toPrepared()
      const text = await readFile(world.host.config, 'utf8')
      await writeFile(world.host.config, `working_directory /nonexistent;\n${text}`)
      const answer = await program.switchOver()
      expect([shown(answer), field(answer, 'found'), field(answer, 'wanted')]).toEqual([
        'reverted WORKERS_MISSING',
        '0',
        '2',
      ])
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })

  test('hangs after its exec: the path does not wait for it, and it is killed', async () => {
    await onHost({}, async world => {
      // A port that is taken keeps the new master from its pid file for 2.5 s, time enough to stop it.
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      const program = await world.open()
      await program.toPrepared()
      const watch = watchInvariants(world)
      const { port } = taken.address() as AddressInfo
      const text = await readFile(world.host.config, 'utf8')
      await writeFile(world.host.config, text.replace('listen ', `listen 127.0.0.1:${port}; listen `))
      const inode = stagedInode(world)
      const switching = program.switchOver(100)
      await until(() => runningStaged(world, inode).some(one => signalProcess(one, 'SIGSTOP')))
      await until(() => sha256Now(world.host.binary) === world.oldSha)
      expect(shown(await switching)).toBe('reverted NEW_MASTER_TIMEOUT')
      await expectOnly(world, 'old')
      await watch.stop()
      taken.close()
    })
  })

  test.each<[VariantKind, string]>([
    ['dies-at-start', 'refused BINARY_DOES_NOT_RUN'],
    ['cannot-be-executed', 'refused BINARY_DOES_NOT_RUN'],
    ['wrong-architecture', 'refused BINARY_DOES_NOT_RUN'],
    ['hangs-at-start', 'refused BINARY_DOES_NOT_RUN'],
  ])('%s is found out before anything is touched', async (kind, said) => {
    await onHost({ artifact: variant(kind) }, async world => {
      const program = await world.open()
      expect(await preparedWith(program, world)).toBe(said)
      await expectOnly(world, 'old')
    })
  })

  test('a configuration that it refuses, and an upload that was damaged', async () => {
    await onHost({}, async world => {
      const program = await world.open('run1', { allow: 'config' })
      // The old one knows it still, and warns.
      const text = readFileSync(world.host.config, 'utf8')
      writeFileSync(world.host.config, text.replace('server_name', 'ssl off; server_name'))
      expect(await preparedWith(program, world)).toBe('refused CONFIGURATION_REFUSED')
      await expectOnly(world, 'old')
      const artifact = join(world.stateDir, 'artifacts', world.newSha)
      await appendFile(artifact, 'x')
      expect(shown(await program.prepare())).toBe('refused ARTIFACT_DAMAGED')
      expect(existsSync(artifact)).toBe(false)
      await expectOnly(world, 'old')
    })
  })
})

describe('processes that are lost while the host is switched', () => {
  test('a new worker between the two looks', async () => {
    await onHost({}, async world => {
      // Requests that the killed workers had accepted are lost, so only the path is watched.
      const watch = watchInvariants(world, [], 0)
      const program = await world.open()
      await program.toPrepared()
      const switching = program.switchOver(60)
      const stop = { now: false }
      const killing = killNewWorkers(world, stop)
      const answer = await switching
      stop.now = true
      await killing
      expect(shown(answer)).toMatch(/^reverted WORKERS_(UNSTABLE|MISSING)$/)
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })

  test('a new worker after the switch: look and precommit notice, and revert goes back', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toSwitched()
      const master = world.master('new')
      const [victim] = world.workersOf(master)
      if (victim) signalProcess(victim, 'SIGKILL')
      await until(() => world.workersOf(master).filter(one => one.pid !== victim?.pid).length === 2)
      expect(shown(await program.renew())).toBe('failed WORKERS_UNSTABLE')
      expect(shown(await program.precommit())).toBe('failed WORKERS_UNSTABLE')
      expect(shown(await program.decide())).toBe('refused WRONG_PHASE')
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })

  test('the parked old master: the host goes back by a reverse handover', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toSwitched()
      const old = world.master('old')
      const watch = watchInvariants(world)
      signalProcess(old, 'SIGKILL')
      await until(() => readProcess(old.pid)?.startTime !== old.startTime)
      expect(shown(await program.renew())).toBe('failed OLD_MASTER_GONE')
      expect(shown(await program.precommit())).toBe('failed OLD_MASTER_GONE')
      expect(shown(await program.decide())).toBe('refused WRONG_PHASE')
      const back = await program.revert()
      expect([shown(back), field(back, 'how')]).toEqual(['reverted', 'reverse'])
      await expectOnly(world, 'old')
      const again = await program.revert()
      expect([shown(again), field(again, 'how')]).toEqual(['ok', 'reverse'])
      await watch.stop()
    })
  })

  test('the parked old master after the precommit: the commit goes on, because new is proven serving', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrecommitted()
      signalProcess(world.master('old'), 'SIGKILL')
      expect(shown(await program.decide())).toBe('ok')
      await expectOnly(world, 'new')
    })
  })

  test('the new master: nginx heals itself, and revert ends what is left of the new binary', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toSwitched()
      const watch = watchInvariants(world)
      signalProcess(world.master('new'), 'SIGKILL')
      expect(shown(await program.renew())).toBe('failed NEW_MASTER_DIED')
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })

  test('a worker of the new master right before the commit: both masters are kept', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrecommitted()
      const [old, master] = [world.master('old'), world.master('new')]
      const [victim] = world.workersOf(master)
      if (victim) signalProcess(victim, 'SIGKILL')
      await until(() => !world.workersOf(master).some(one => one.pid === victim?.pid))
      expect(shown(await program.decide())).toBe('held NEW_NOT_SERVING')
      expect(mastersOf(world.processes()).map(one => one.pid)).toEqual([old.pid, master.pid].sort(byText))
      expect(shown(await program.revert())).toBe('failed stuck DECIDED')
    })
  })

  test('a phase that is killed in the middle: its effect lock does not outlive it', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toPrepared()
      void program.switchOver().catch(() => {})
      await until(() => existsSync(`${world.host.pidFile}.oldbin`))
      process.kill(Number(readFileSync(world.state('effect'), 'utf8').split(':')[0]), 'SIGKILL')
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })
})

test('a lock without a text, left by whoever was killed while making it, is passed over', async () => {
  await onHost({}, async world => {
    const program = await world.open()
    await program.toPrepared()
    writeFileSync(world.state('effect'), '')
    expect(shown(await program.switchOver())).toBe('ok')
    expect(shown(await program.revert())).toBe('reverted')
    writeFileSync(world.state('lock'), '')
    const next = await world.open('run2')
    await next.toPrepared()
    expect(shown(await next.revert())).toBe('reverted')
    await expectOnly(world, 'old')
  })
})

describe('somebody else at the path', () => {
  test('between prepare and switch: nothing is done to the daemon, and the file stays', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      const master = world.master('old')
      await program.toPrepared()
      const sha = await replaceBinary(world.host, await third(world.binaries, world.host.root))
      const watch = watchInvariants(world, [sha])
      const answer = await program.switchOver()
      expect([shown(answer), field(answer, 'sha')]).toEqual([
        'failed CHANGED_SINCE_PREPARE stuck PATH_CHANGED',
        sha,
      ])
      expect(mastersOf(world.processes())).toEqual([master])
      expect(await sha256OfFile(world.host.binary)).toBe(sha)
      // Nothing of ours is left, so that the next run is not kept out.
      expect(existsSync(world.state('lock'))).toBe(false)
      await watch.stop()
    })
  })

  test('right before the exchange: it is put back', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrepared()
      const other = await third(world.binaries, world.host.root)
      // The exchange itself is what lets the other file in: the first thing that happens after the checks.
      const watch = watchInvariants(world, [await sha256OfFile(other)])
      const switching = program.switchOver()
      const sha = await replaceBinary(world.host, other)
      const answer = await switching
      expect(answer.status).toBe('failed')
      expect(await sha256OfFile(world.host.binary)).toBe(sha)
      expect(shown(await program.revert())).toMatch(/stuck PATH_CHANGED|^(ok|reverted)$/)
      expect(await sha256OfFile(world.host.binary)).toBe(sha)
      await watch.stop()
    })
  })

  test.each([0, 2, 4, 6, 8, 10, 12, 15, 20, 30])('%i ms into the switch: it is never lost', async delay => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrepared()
      const other = await third(world.binaries, world.host.root)
      const watch = watchInvariants(world, [await sha256OfFile(other)])
      const switching = program.switchOver()
      await pause(delay)
      const sha = await replaceBinary(world.host, other)
      await switching
      await program.revert()
      expect(await sha256OfFile(world.host.binary)).toBe(sha)
      await watch.stop()
    })
  })

  test.each(['as soon as the new one is there', 'as soon as the old one is back'])(
    '%s: it stays',
    async moment => {
      await onHost({}, async world => {
        const program = await world.open()
        await program.toPrepared()
        const other = await third(world.binaries, world.host.root)
        const sha = await sha256OfFile(other)
        const watch = watchInvariants(world, [sha])
        const inode = stagedInode(world)
        const switching = program.switchOver()
        const deadline = performance.now() + 5000
        const isNew = () => statSync(world.host.binary).ino === inode || performance.now() > deadline
        // No pause between seeing it and acting: the moments are a few milliseconds long.
        while (!isNew());
        if (moment.includes('old')) while (isNew() && performance.now() < deadline);
        renameSync(other, world.host.binary)
        expect((await switching).status).toBe('failed')
        expect(shown(await program.revert())).toBe('failed stuck PATH_CHANGED')
        expect(await sha256OfFile(world.host.binary)).toBe(sha)
        await watch.stop()
      })
    },
  )

  test.each(['during the hold', 'between precommit and commit'])('%s', async when => {
    await onHost({}, async world => {
      const program = await world.open()
      if (when === 'during the hold') await program.toSwitched()
      else await program.toPrecommitted()
      const [old, master] = [world.master('old'), world.master('new')]
      const sha = await replaceBinary(world.host, await third(world.binaries, world.host.root))
      const watch = watchInvariants(world, [sha])
      expect(shown(await program.renew())).toBe('failed PATH_CHANGED')
      expect(shown(await program.precommit())).toBe('failed PATH_CHANGED')
      const decided = await program.decide()
      expect(shown(decided)).toBe(when === 'during the hold' ? 'refused WRONG_PHASE' : 'held PATH_CHANGED')
      const back = await program.revert()
      expect(shown(back)).toBe(
        when === 'during the hold' ? 'failed stuck PATH_CHANGED' : 'failed stuck DECIDED',
      )
      expect(await sha256OfFile(world.host.binary)).toBe(sha)
      for (const one of [old, master]) expect(readProcess(one.pid)?.startTime).toBe(one.startTime)
      await watch.stop()
    })
  })
})

describe('the drain limit', () => {
  const withClient = (story: (world: World, client: SlowClient) => Promise<void>) =>
    onHost({}, async world => {
      const client = await slowClient(world.host)
      try {
        await story(world, client)
      } finally {
        client.destroy()
      }
    })

  test('terminate: the client is cut and counted', async () => {
    await withClient(async (world, client) => {
      const program = await world.open()
      await program.toPrecommitted()
      const done = await program.decide(50, 'terminate')
      expect([shown(done), field(done, 'cut')]).toEqual(['ok', '1'])
      await client.ended
      await expectOnly(world, 'new')
    })
  })

  test('leave: the old worker goes on, and the run is over', async () => {
    await withClient(async (world, client) => {
      const program = await world.open()
      await program.toPrecommitted()
      const done = await program.decide(50, 'leave')
      expect([shown(done), field(done, 'old_left'), field(done, 'cut')]).toEqual(['ok', '2', ''])
      expect(world.processes().some(one => one.title === 'nginx: worker process is shutting down')).toBe(true)
      expect(existsSync(world.state('lock'))).toBe(false)
      expect(client.isOpen()).toBe(true)
    })
  })

  test('of a revert: a client of the new binary is cut', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toSwitched()
      const client = await slowClient(world.host)
      const watch = watchInvariants(world)
      expect(shown(await program.revert(200))).toBe('reverted')
      await client.ended
      await expectOnly(world, 'old')
      // Old accepts before new is told to quit (R9); otherwise requests would wait for the slow client's end.
      const [counter] = (await watch.stop()).targets
      expect(counter?.slowestMs).toBeLessThan(1500)
    })
  })
})

/** Until told to stop: no worker of the new binary lives long. */
async function killNewWorkers(world: World, stop: { now: boolean }): Promise<void> {
  const inode = stagedInode(world)
  while (!stop.now) {
    for (const one of runningStaged(world, inode)) {
      if (one.title === 'nginx: worker process') signalProcess(one, 'SIGKILL')
    }
    await pause(10)
  }
}

const byText = (left: number, right: number) => String(left).localeCompare(String(right))
