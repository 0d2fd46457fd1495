/** A host of the lab that is reached through a proxy. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabHost } from '../../src/lab/lab.ts'
import type { World } from './world.ts'

/** @returns arguments for a run: an inventory that goes before the lab's own, for these hosts alone. */
export function throughProxy(world: World, ports: ReadonlyMap<LabHost, number>): string[] {
  const file = join(world.dir, 'proxied.ini')
  const known = readFileSync(world.lab.knownHosts, 'utf8').split('\n')
  const lines = [...ports].map(([host, port]) => {
    const name = `[127.0.0.1]:${host.sshPort} `
    const key = known.find(line => line.startsWith(name))?.slice(name.length)
    appendFileSync(world.lab.knownHosts, `[127.0.0.1]:${port} ${key}\n`)
    return `${host.name} ansible_port=${port}\n`
  })
  writeFileSync(file, lines.join(''))
  return ['-i', file]
}
