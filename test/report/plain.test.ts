import { expect, it } from 'vitest'
import type { Entry, EntryBody } from '../../src/journal/entry.ts'
import { createPlainView } from '../../src/report/plain.ts'
import {
  committedRun,
  hostileRun,
  idleRun,
  inDoubtRun,
  names,
  opening,
  refusedRun,
  rolledBackRun,
  tellRun,
  unsafe,
} from './world.ts'

function plain(entries: readonly Entry[], color = false): string {
  let text = ''
  const hear = createPlainView(
    more => {
      text += more
    },
    { color },
  )
  for (const entry of entries) hear(entry)
  return text
}

it('tells what a run undoes, and to which versions', () => {
  const started = opening(names(3)) as Extract<EntryBody, { type: 'run.started' }>
  const begun = names(3).flatMap((host): EntryBody[] => [
    { type: 'host.inspect.begun', host },
    { type: 'host.prepare.begun', host },
  ])
  const prepared = names(3).map(
    (host, index): EntryBody => ({ type: 'host.prepared', host, version: index === 1 ? '1.18.0' : '1.22.1' }),
  )
  const text = plain(
    tellRun({ ...started, undoes: '20261119-100000-1', artifact: null }, ...begun, ...prepared),
  )
  expect(text).toContain('undoes run 20261119-100000-1: every host gets back what it had before\n')
  expect(text).toContain('3 hosts ready: 2 for 1.22.1, 1 for 1.18.0\n')
})

it('tells a committed run', () => {
  expect(plain(committedRun())).toMatchInlineSnapshot(`
    "[    0.0s] run       20261120-021500-4f2a started: nginx 1.26.3, 3 hosts in 2 stages
    [    0.0s] run       artifact /artifacts/nginx-1.26.3, sha256 bbbbbbbbbbbb
    [    0.0s] inspect   3 hosts
    [    0.1s] inspect   3 run 1.22.1
    [    1.0s] prepare   3 hosts ready for 1.26.3
    [    1.0s] canary    switching 1 host
    [    1.2s] canary    h01 switched in 152ms
    [    4.2s] canary    h01 healthy
    [    4.2s] canary    baking 5m
    [  304.2s] canary    baked
    [  304.2s] canary    done: 1 of 1 host healthy
    [  304.2s] rest      switching 2 hosts, 2 at a time
    [  304.3s] rest      h02 switched in 152ms
    [  304.3s] rest      h03 switched in 152ms
    [  307.3s] rest      h02 healthy
    [  307.3s] rest      h03 healthy
    [  307.3s] rest      done: 2 of 2 hosts healthy
    [  307.3s] commit    asking 3 hosts for an acknowledgement
    [  307.4s] decided   3 hosts commit
    [  308.1s] commit    h01 committed: 1.22.1 -> 1.26.3
    [  308.1s] commit    h02 committed: 1.22.1 -> 1.26.3
    [  308.1s] commit    h03 committed: 1.22.1 -> 1.26.3, 2 connections cut, 1 old process still draining
    [  308.1s] run       finished: committed, exit 0

    host  outcome    before  after   note
    h01   committed  1.22.1  1.26.3
    h02   committed  1.22.1  1.26.3
    h03   committed  1.22.1  1.26.3

    done: 3 hosts committed
    next: nothing to do; \`handover show 20261120-021500-4f2a\` shows this run again
    "
  `)
})

it('tells a rolled back run, with the reason and every host', () => {
  expect(plain(rolledBackRun())).toMatchInlineSnapshot(`
    "[    0.0s] run       20261120-021500-4f2a started: nginx 1.26.3, 3 hosts in 2 stages
    [    0.0s] run       artifact /artifacts/nginx-1.26.3, sha256 bbbbbbbbbbbb
    [    0.0s] inspect   3 hosts
    [    0.1s] inspect   3 run 1.22.1
    [    1.0s] prepare   3 hosts ready for 1.26.3
    [    1.0s] canary    switching 1 host
    [    1.2s] canary    h01 switched in 152ms
    [    4.2s] canary    h01 healthy
    [    4.2s] canary    done: 1 of 1 host healthy
    [    4.2s] rest      switching 2 hosts, 2 at a time
    [    4.4s] rest      h02 switched in 200ms
    [    4.4s] rest      h02 FAILED HEALTH_FAILED: health check "answers" failed: status 502
    [    4.4s] rollback  ROLLING BACK: h02 failed: health check "answers" failed: status 502
    [    4.6s] rollback  h01 reverted in 210ms by a reverse handover, because the old master was gone: runs 1.22.1
    [    4.6s] rollback  h02 reverted in 210ms: runs 1.22.1
    [    4.6s] rollback  h03 released, it was not switched
    [    4.6s] run       finished: rolled-back, exit 2

    host  outcome    before  after   note
    h01   reverted   1.22.1  1.22.1
    h02   reverted   1.22.1  1.22.1  HEALTH_FAILED: health check "answers" failed...
    h03   untouched  1.22.1  1.22.1

    error HEALTH_FAILED: h02: health check "answers" failed: status 502

    rolled back: every host is on the version it had before, in its processes and on disk (h02 failed: health check "answers" failed: status 502)
    next: correct what is named above, then run again; nothing is left to clean up
    "
  `)
})

it('says which host needs someone, and the command to look at it', () => {
  expect(plain(inDoubtRun())).toMatchInlineSnapshot(`
    "[    0.0s] run       20261120-021500-4f2a started: nginx 1.26.3, 2 hosts in 2 stages
    [    0.0s] run       artifact /artifacts/nginx-1.26.3, sha256 bbbbbbbbbbbb
    [    0.0s] inspect   2 hosts
    [    0.1s] inspect   2 run 1.22.1
    [    1.0s] prepare   2 hosts ready for 1.26.3
    [    1.0s] canary    switching 1 host
    [    1.2s] canary    h01 switched in 152ms
    [    4.2s] canary    h01 healthy
    [    4.2s] run       INTERRUPTED by SIGINT
    [    4.2s] rollback  ROLLING BACK: interrupted by SIGINT
    [   24.2s] rollback  h01 IN DOUBT REVERT_FAILED: two masters and no accepting worker
    [   24.2s] rollback  h02 released, it was not switched
    [   24.2s] run       finished: in-doubt, exit 3

    host  outcome    before  after   note
    h01   IN DOUBT   1.22.1  ?       REVERT_FAILED: two masters and no accepting ...
    h02   untouched  1.22.1  1.22.1

    error REVERT_FAILED: h01: two masters and no accepting worker
      hint: look at both masters on the host; QUIT the old one once the new one is seen to serve

    a human is needed: 1 host in doubt
    next: look at h01 with \`handover status\`; there the new binary may serve beside its parked old master: docs/hosts.md, "By hand", tells how to go back or forward; once they answer, \`handover resume 20261120-021500-4f2a\` looks at them again
    "
  `)
})

it('shows every reason of a refusal', () => {
  expect(plain(refusedRun())).toMatchInlineSnapshot(`
    "[    0.0s] run       20261120-021500-4f2a started: nginx 1.26.3, 3 hosts in 2 stages
    [    0.0s] run       artifact /artifacts/nginx-1.26.3, sha256 bbbbbbbbbbbb
    [    0.0s] inspect   3 hosts
    [    0.1s] inspect   h02 REFUSED HOST_LOCKED: another run holds the lock: 20261119-2200
    [    0.1s] inspect   h02 REFUSED HOST_UNFIT: the binary on disk is not the one that runs
    [    5.1s] inspect   h03 UNREACHABLE SSH_UNREACHABLE: connect ECONNREFUSED 10.0.0.3:22
    [    5.1s] inspect   1 run 1.22.1, 1 refused, 1 unreachable
    [    5.1s] run       finished: refused, exit 7

    host  outcome    before  after   note
    h01   untouched  1.22.1  1.22.1
    h02   untouched  -       -       HOST_LOCKED: another run holds the lock: 202...
    h03   untouched  -       -       SSH_UNREACHABLE: connect ECONNREFUSED 10.0.0...

    error HOST_LOCKED: h02: another run holds the lock: 20261119-2200
      hint: wait for it to end
    error HOST_UNFIT: h02: the binary on disk is not the one that runs
      hint: bring process and disk together first
    error SSH_UNREACHABLE: h03: connect ECONNREFUSED 10.0.0.3:22

    refused: nothing was changed on any host
    next: wait for the run that is named above; if it was cut off, \`handover resume\` goes on with it and \`handover rollback\` takes it back
    "
  `)
})

it('says that there was nothing to do', () => {
  expect(plain(idleRun())).toMatchInlineSnapshot(`
    "[    0.0s] run       20261120-021500-4f2a started: nginx 1.26.3, 2 hosts in 2 stages
    [    0.0s] run       artifact /artifacts/nginx-1.26.3, sha256 bbbbbbbbbbbb
    [    0.0s] inspect   2 hosts
    [    0.0s] inspect   2 have the wanted binary already
    [    0.0s] run       finished: nothing-to-do, exit 0

    host  outcome  before  after   note
    h01   current  1.26.3  1.26.3
    h02   current  1.26.3  1.26.3

    nothing to do: all of 2 hosts run the wanted binary already
    next: nothing to do; \`handover show 20261120-021500-4f2a\` shows this run again
    "
  `)
})

it('tells 400 hosts in counts', () => {
  const text = plain(committedRun(400))
  expect(text.split('\n').length).toBeLessThan(40)
  expect(text).toMatchInlineSnapshot(`
    "[    0.0s] run       20261120-021500-4f2a started: nginx 1.26.3, 400 hosts in 2 stages
    [    0.0s] run       artifact /artifacts/nginx-1.26.3, sha256 bbbbbbbbbbbb
    [    0.0s] inspect   400 hosts
    [    0.1s] inspect   400 run 1.22.1
    [    1.0s] prepare   400 hosts ready for 1.26.3
    [    1.0s] canary    switching 1 host
    [    1.2s] canary    400 hosts: 1 switched
    [    4.2s] canary    baking 5m
    [  304.2s] canary    baked
    [  304.2s] canary    done: 1 of 1 host healthy
    [  304.2s] rest      switching 399 hosts, 2 at a time
    [  304.3s] rest      400 hosts: 398 switching, 1 switched, 1 healthy
    [  307.3s] rest      done: 399 of 399 hosts healthy
    [  307.3s] commit    asking 400 hosts for an acknowledgement
    [  307.4s] decided   400 hosts commit
    [  308.1s] commit    h400 committed: 1.22.1 -> 1.26.3, 2 connections cut, 1 old process still draining
    [  308.1s] run       finished: committed, exit 0

    hosts  outcome    before  after   which
    400    committed  1.22.1  1.26.3  h001, h002, h003, h004, h005, h006, h007, h...

    done: 400 hosts committed
    next: nothing to do; \`handover show 20261120-021500-4f2a\` shows this run again
    "
  `)
})

it('escapes and bounds what a host says', () => {
  const text = plain(hostileRun())
  expect(text).not.toMatch(unsafe)
  expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThan(600)
  expect(text).toContain('\\x1b[2J')
  expect(text).toContain('left out]')
})

it('colours only when asked to, with nothing but colours', () => {
  const colored = plain(rolledBackRun(), true)
  expect(colored).toContain('\u001b[31m')
  expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(plain(rolledBackRun()))
})

it('hears ten thousand hosts in little time', () => {
  const entries = committedRun(10_000)
  const started = performance.now()
  plain(entries)
  expect(performance.now() - started).toBeLessThan(10_000)
})
