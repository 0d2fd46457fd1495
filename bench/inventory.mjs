/**
 * What a large inventory costs: node bench/inventory.mjs [HOSTS], after `npm run build`.
 * Prints the time to load, to match patterns, to work out connections and to plan: milliseconds of the processor, which
 * other programs do not lengthen much, and at the end those of the clock.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  connectionsOf,
  hostVars,
  limitHosts,
  loadInventory,
  loadPlaybook,
  matchHosts,
  planRollout,
  readArtifact,
} from '../dist/index.js'

const count = Number(process.argv[2] ?? 10_000)
const directory = mkdtempSync(join(tmpdir(), 'handover-bench-'))
try {
  for (const kind of ['ini', 'yaml', 'host_vars']) await measure(kind)
} finally {
  rmSync(directory, { recursive: true, force: true })
}

async function measure(kind) {
  const root = join(directory, kind)
  const file = write(root, kind)
  const times = {}
  const timed = (name, call) => {
    const begin = process.cpuUsage()
    const result = call()
    const { user, system } = process.cpuUsage(begin)
    times[name] = Math.round((user + system) / 1000)
    return result
  }
  const begin = performance.now()
  const inventory = timed('load', () => loadInventory([file], { playbookDirs: [root] }))
  const names = timed('match', () => matchHosts(inventory, 'fleet:&~host[0-9]+:!none*'))
  timed('limit', () => limitHosts(inventory, names, names.slice(0, 2000).join(',')))
  const connections = timed('connect', () => connectionsOf(inventory, names, { user: 'deploy' }))
  const playbook = loadPlaybook(join(root, 'up.yml'), { extraVars: {} })
  const artifact = await readArtifact(playbook)
  timed('plan', () => {
    const hosts = names.map(name => ({
      name,
      ...connections.get(name),
      user: 'deploy',
      vars: hostVars(inventory, name),
    }))
    planRollout(playbook, hosts, pattern => matchHosts(inventory, pattern), artifact)
  })
  times['in all'] = Object.values(times).reduce((sum, ms) => sum + ms, 0)
  times['by the clock'] = Math.round(performance.now() - begin)
  const shown = Object.entries(times).map(([name, ms]) => `${name} ${ms} ms`)
  process.stdout.write(`${kind}, ${names.length} hosts: ${shown.join(', ')}\n`)
}

function write(root, kind) {
  mkdirSync(join(root, 'group_vars'), { recursive: true })
  mkdirSync(join(root, 'host_vars'))
  const hosts = Array.from({ length: count }, (_, n) => `host${n}.example.com`)
  const address = n => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
  const groups = Array.from({ length: Math.ceil(count / 100) }, (_, g) => `g${g}`)
  const file = join(root, kind === 'yaml' ? 'hosts.yml' : 'hosts')
  const members = g => hosts.slice(g * 100, g * 100 + 100).map((name, n) => [name, address(g * 100 + n)])
  if (kind === 'yaml') {
    const text = groups.map((name, g) => {
      const lines = members(g).map(([host, at]) => `    ${host}: {ansible_host: ${at}, zone: z${g % 3}}\n`)
      return `${name}:\n  hosts:\n${lines.join('')}`
    })
    const children = groups.map(name => `    ${name}:\n`).join('')
    writeFileSync(file, `${text.join('')}fleet:\n  children:\n${children}`)
  } else {
    const text = groups.map((name, g) => {
      const lines = members(g).map(([host, at]) => `${host} ansible_host=${at} zone=z${g % 3}\n`)
      return `[${name}]\n${lines.join('')}`
    })
    writeFileSync(file, `${text.join('')}[fleet:children]\n${groups.join('\n')}\n`)
  }
  writeFileSync(join(root, 'group_vars/all.yml'), 'healthz: /healthz\nport: 8080\n')
  for (const [g, name] of groups.entries()) writeFileSync(join(root, 'group_vars', name), `pool: p${g}\n`)
  const own = kind === 'host_vars' ? hosts : hosts.slice(0, 100)
  for (const [n, name] of own.entries())
    writeFileSync(join(root, 'host_vars', `${name}.yml`), `serial: ${n}\n`)
  mkdirSync(join(root, 'artifacts'))
  copyFileSync('/bin/true', join(root, 'artifacts/nginx'))
  writeFileSync(
    join(root, 'up.yml'),
    `name: bench
hosts: fleet
artifact: { src: artifacts/nginx }
handover: { driver: nginx, binary: /usr/sbin/nginx, pid_file: /run/nginx.pid }
concurrency: 100
health:
  - name: answers
    http: { url: "http://{{ inventory_hostname }}:{{ port }}{{ healthz }}", body: ok }
stages:
  - { name: canary, hosts: 1 }
  - { name: pools, hosts: "g1:g2" }
  - { name: quarter, hosts: 25% }
  - { name: rest, hosts: rest }
`,
  )
  return file
}
