import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nginxHands } from '../../src/driver/nginx.ts'
import { createJournal } from '../../src/journal/journal.ts'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import { conduct } from '../../src/run/conduct.ts'
import { type Connection, connect } from '../../src/transport/connection.ts'
import { startDelayProxy } from './delay-proxy.ts'
import { expectAllRun, inWorld, type World } from './world.ts'

interface Counts {
  connections: number
  /** Commands started on the host: the program, and the upload. */
  commands: string[]
  /** Writes to the program; the first carries the program and the first request. */
  requests: number
}

/** A connection that counts what is asked of it. */
function counted(connection: Connection, counts: Counts): Connection {
  return {
    ...connection,
    async exec(command) {
      counts.commands.push('program')
      const channel = await connection.exec(command)
      return {
        ...channel,
        write(data) {
          counts.requests++
          return channel.write(data)
        },
      }
    },
    upload(command, file) {
      counts.commands.push('upload')
      return connection.upload(command, file)
    },
  }
}

async function transaction(world: World, run: string, artifactPath: string) {
  const host = world.host(0)
  const proxy = await startDelayProxy(host.sshPort, 20)
  const counts: Counts = { connections: 0, commands: [], requests: 0 }
  const journal = await createJournal(join(world.dir, `${run}.jsonl`), run)
  const hands = nginxHands({
    name: host.name,
    spec: {
      driver: 'nginx',
      binary: host.binary,
      pidFile: host.pidFile,
      stateDir: join(host.root, 'var/lib/handover'),
      drainTimeoutMs: 5000,
      startTimeoutMs: 5000,
      onDrainLimit: 'terminate',
      leaseMs: 120_000,
      allow: [],
    },
    artifact: { path: artifactPath, sha256: await sha256OfFile(artifactPath), runsOn: () => true },
    become: false,
    run: { id: run, owner: 'a test', epoch: 1 },
    connect: async () => {
      const connection = await connect({
        name: host.name,
        address: '127.0.0.1',
        port: proxy.port,
        user: world.lab.user,
        identityFiles: [world.lab.clientKey],
        knownHostsFiles: [world.lab.knownHosts],
        hostKeyChecking: 'strict',
        hostKeyAlias: `[127.0.0.1]:${host.sshPort}`,
        connectTimeoutMs: 10_000,
        keepaliveMs: 60_000,
      })
      counts.connections++
      proxy.reset()
      return counted(connection, counts)
    },
  })
  const stage = { name: 'all', hosts: [host.name], concurrency: 1, bakeMs: 0, gate: null, gateMs: 0 }
  const state = await conduct({
    limits: { stages: [stage], concurrency: 1, maxFailed: 0, maxUnreachable: 0, rollbackConcurrency: 1 },
    participants: new Map([[host.name, { hands, checks: [] }]]),
    journal,
    opening: {
      type: 'run.started',
      name: 'counting',
      playbook: '',
      fingerprint: '',
      tool: '0.1.0',
      who: '',
      from: '',
      pid: 0,
      identity: '',
      artifact: { path: artifactPath, sha256: '', bytes: 0 },
      stages: [stage],
    },
    forks: 1,
    leaseMs: 120_000,
    patienceMs: 1000,
  })
  await hands.close()
  await journal.close()
  const roundTrips = proxy.roundTrips()
  await proxy.stop()
  return { ...counts, roundTrips, exit: state.exit }
}

test('a whole transaction: one connection, one long-lived process, at most 8 requests and 14 round trips', async () => {
  await inWorld(1, async world => {
    const result = await transaction(world, 'counting-1', world.binaries.newer.path)
    expect(result.exit).toBe(0)
    expect(result.connections).toBe(1)
    expect(result.commands).toEqual(['program', 'upload'])
    expect(result.requests).toBeLessThanOrEqual(8)
    expect(result.roundTrips).toBeLessThanOrEqual(14)
    console.info(`requests ${result.requests}, round trips ${result.roundTrips} with the upload`)
    await expectAllRun(world, world.binaries.newer.path)
  })
})
