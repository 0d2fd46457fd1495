/** The shipped playbooks and inventories fit together, and the pages of docs/ lead where they say. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { TargetOptions } from '../../src/cli/options.ts'
import { resolvePlays } from '../../src/cli/resolve.ts'
import { inventoryText } from '../../src/lab/inventory-file.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { docs, pageNames, readPage, root } from './pages.ts'

const directory = mkdtempSync(join(tmpdir(), 'handover-docs-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

// Any ELF program will do.
const program = join(directory, 'nginx-1.26.3')
copyFileSync('/bin/true', program)

async function planOf(
  playbook: string,
  inventory: string,
  extraVars: readonly string[],
  more: Partial<TargetOptions> = {},
): Promise<Plan> {
  const [{ plan }] = await resolvePlays(join(root, 'playbooks', playbook), {
    inventory: [inventory],
    extraVars,
    forks: 50,
    timeout: 10,
    output: 'plain',
    color: false,
    ...more,
  })
  return plan
}

const stages = ({ stages }: Plan) => stages.map(({ name, hosts }) => [name, hosts.length])

const production = join(root, 'inventories/production.yml')
const edge = [`artifacts=${directory}`, 'version=1.26.3']

it('knows every shipped file', () => {
  expect(readdirSync(join(root, 'playbooks')).sort()).toEqual(['edge.yml', 'lab.yml'])
  expect(readdirSync(join(root, 'inventories')).sort()).toEqual(['production.yml'])
})

it('plans edge.yml over production.yml', async () => {
  const plan = await planOf('edge.yml', production, edge)
  expect(plan).toMatchObject({
    name: 'nginx 1.26.3 on the edge',
    artifact: { path: program },
    concurrency: 10,
    maxFailed: 0,
    maxUnreachable: 0,
    rollbackConcurrency: 50,
  })
})

it('takes a canary, a quarter and the rest of the hosts that are not drained', async () => {
  const plan = await planOf('edge.yml', production, edge)
  expect(plan.hosts.map(host => host.name)).toEqual([
    'edge-eu01.example.net',
    'edge-eu02.example.net',
    'edge-eu03.example.net',
    'edge-us01.example.net',
    'edge-us02.example.net',
    'edge-us03.example.net',
  ])
  expect(stages(plan)).toEqual([
    ['canary', 1],
    ['quarter', 1],
    ['rest', 4],
  ])
  expect(plan.stages.map(stage => stage.bakeMs)).toEqual([300_000, 120_000, 0])
})

it('reaches the hosts of production.yml as it says', async () => {
  const { hosts } = await planOf('edge.yml', production, edge)
  expect(hosts.find(host => host.name === 'edge-us02.example.net')).toMatchObject({
    address: 'edge-us02.example.net',
    port: 2222,
    user: 'deploy',
    become: true,
    handover: { binary: '/usr/sbin/nginx', pidFile: '/run/nginx.pid' },
    health: [
      { name: 'edge answers', probe: { url: 'http://edge-us02.example.net/healthz', body: 'ok' } },
      { name: 'local listener', probe: { host: '127.0.0.1', port: 80, from: 'host' } },
    ],
  })
  expect(hosts.find(host => host.name === 'edge-eu01.example.net')).toMatchObject({ port: 22 })
})

it('waits before every stage of edge.yml with --step, before none without', async () => {
  const gates = async (step?: boolean) => {
    const plan = await planOf('edge.yml', production, edge, step === undefined ? {} : { step })
    return plan.stages.map(({ gate, gateMs }) => [gate, gateMs])
  }
  expect(await gates()).toEqual(Array(3).fill([null, 0]))
  expect(await gates(true)).toEqual(Array(3).fill(['approval', 3_600_000]))
})

it('narrows edge.yml with --limit', async () => {
  const plan = await planOf('edge.yml', production, edge, { limit: 'america' })
  expect(stages(plan)).toEqual([
    ['canary', 1],
    ['quarter', 1],
    ['rest', 1],
  ])
})

/** As `handover lab up` writes it, without a lab. */
function labInventory(count: number): string {
  const hosts = Array.from({ length: count }, (_, index) => {
    const name = `h${String(index + 1).padStart(2, '0')}`
    return { name, sshPort: 2201 + index, httpPort: 8001 + index, root: `/srv/lab/hosts/${name}` }
  })
  const lab = { user: 'root', clientKey: '/srv/lab/keys/client', knownHosts: '/srv/lab/known_hosts', hosts }
  const file = join(directory, `lab-${count}.yml`)
  writeFileSync(file, inventoryText(lab as unknown as Lab))
  return file
}

it.each([
  [3, [1, 1, 1]],
  [4, [1, 2, 1]],
  [6, [1, 3, 2]],
])('plans lab.yml over a lab of %i hosts', async (count, sizes) => {
  const plan = await planOf('lab.yml', labInventory(count), [`artifact=${program}`])
  expect(plan.stages.map(stage => stage.hosts.length)).toEqual(sizes)
  expect(plan.hosts[0]).toMatchObject({
    name: 'h01',
    address: '127.0.0.1',
    port: 2201,
    knownHostsFiles: ['/srv/lab/known_hosts'],
    handover: {
      binary: '/srv/lab/hosts/h01/usr/sbin/nginx',
      pidFile: '/srv/lab/hosts/h01/run/nginx.pid',
      stateDir: '/srv/lab/hosts/h01/var/lib/handover',
    },
    health: [{ name: 'answers' }, { name: 'status page' }],
  })
})

/** As GitHub makes them: lower case, punctuation gone, a dash for each blank. */
function anchorsOf(page: string): Set<string> {
  const headings = page.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)
  const slug = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  return new Set(Array.from(headings, match => slug(match[1] ?? '')))
}

it.each(pageNames())('the links of %s resolve', name => {
  const text = readPage(name).replace(/^```[\s\S]*?^```/gm, '')
  for (const [link, target = ''] of text.matchAll(/\[[^\]]+\]\(([^)]+)\)/g)) {
    if (/^https?:/.test(target)) continue
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? join(docs, name) : join(docs, path)
    expect(existsSync(file), link).toBe(true)
    if (anchor === undefined) continue
    expect(dirname(file), link).toBe(docs)
    expect(anchorsOf(readPage(basename(file))), link).toContain(anchor)
  }
})

it.each(pageNames())('%s names no machine', name => {
  expect(readPage(name)).not.toMatch(/\/root\b|\/tmp\/|\/home\/|\/work\//)
})
