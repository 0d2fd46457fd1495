/** A new binary that is built otherwise: what the configuration leaves open is compiled in. */
import { spawn } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import type { LabHost } from '../../src/lab/lab.ts'
import type { LabBinaries } from '../../src/lab/packages.ts'
import {
  expectOnly,
  onHost,
  type Program,
  type ProgramOptions,
  preparedWith,
  shown,
  storeArtifact,
  until,
  type World,
} from './world.ts'

/** The newer nginx says that it was configured otherwise; at equal length, so that nothing in the file moves. */
const builtWith = (from: string, to: string) => async (binaries: LabBinaries, dir: string) => {
  expect(to).toHaveLength(from.length)
  const bytes = await readFile(binaries.newer.path)
  const at = bytes.indexOf(` ${from} `)
  expect(at).toBeGreaterThan(0)
  bytes.write(to, at + 1)
  const path = join(dir, 'nginx-built-otherwise')
  await writeFile(path, bytes)
  await chmod(path, 0o755)
  return path
}

const prefix = builtWith('--prefix=/usr/share/nginx', '--prefix=/usr/local/nginx')
const conf = builtWith('--conf-path=/etc/nginx/nginx.conf', '--conf-path=/etc/nginx/other.conf')
const pid = builtWith('--pid-path=/run/nginx.pid', '--pid-path=/run/other.pid')
const user = builtWith('--with-threads', '--user=nobodyx')
const modules = builtWith('--modules-path=/usr/lib/nginx/modules', '--modules-path=/opt/lib/nginx/modules')
const realip = builtWith('--with-http_realip_module', '--with-http_other1_module')
const stream = builtWith('--with-stream=dynamic', '--with-zzzzzz=dynamic')
const gzip = builtWith('--with-http_gunzip_module', '--without-http_gz_module ')

const without = (line: RegExp) => async (host: LabHost) => {
  const text = await readFile(host.config, 'utf8')
  expect(text).toMatch(line)
  await writeFile(host.config, text.replace(line, ''))
}

const asked = async (world: World, options?: ProgramOptions): Promise<[string, Program]> => {
  const program = await world.open('run1', options)
  return [await preparedWith(program, world), program]
}

const told = async (program: Program) => field(await program.prepare(), 'detail')

test.each([
  ['as Debian has it', undefined],
  ['another prefix, with -p', prefix],
  ['another configuration, with -c', conf],
  ['another pid file, with one in the configuration', pid],
  ['another folder of modules, and none is loaded', modules],
  ['a dynamic module less, which is not loaded', stream],
])('let in: %s', async (_, artifact) => {
  await onHost(artifact ? { artifact } : {}, async world => {
    expect((await asked(world))[0]).toBe('ok')
  })
})

test.each([
  ['a module less', realip, undefined, 'it lacks with-http_realip_module'],
  ['a module switched off', gzip, undefined, 'it lacks with-http_gunzip_module without-http_gz_module'],
  [
    'another user, and none in the configuration',
    user,
    without(/user root;\n/),
    'user is nobodyx and was not set, it lacks with-threads',
  ],
] as const)('refused: %s; allowed, it goes through', async (_, artifact, arrange, detail) => {
  await onHost({ artifact, ...(arrange ? { arrange } : {}) }, async world => {
    const [said, program] = await asked(world)
    expect(said).toBe('refused BUILD_DIFFERS')
    await storeArtifact(world)
    expect(await told(program)).toBe(detail)
    await expectOnly(world, 'old')
    await program.close()
    const allowed = await world.open('run2', { allow: 'config,build' })
    await allowed.toPrecommitted()
    expect(shown(await allowed.revert())).toBe('reverted')
    await expectOnly(world, 'old')
  })
})

test('refused: another prefix, where the command line has none', async () => {
  await onHost({ artifact: prefix, isStarted: false }, async world => {
    const { host } = world
    spawn(host.binary, ['-c', host.config, '-e', host.errorLog], { stdio: 'ignore', cwd: host.root })
    await until(() => world.processes().filter(one => one.title === 'nginx: worker process').length === 2)
    const [said, program] = await asked(world)
    expect(said).toBe('refused BUILD_DIFFERS')
    await storeArtifact(world)
    expect(await told(program)).toBe('prefix is /usr/local/nginx and was /usr/share/nginx')
  })
})

test('a program that has connected anew compares, too', async () => {
  await onHost({ artifact: realip }, async world => {
    const [said, first] = await asked(world, { allow: 'build' })
    expect(said).toBe('ok')
    // It finds what the first one prepared, so it has not asked for the configuration.
    const second = await world.open('run1')
    expect(shown(await second.inspect())).toBe('ok')
    expect(shown(await second.prepare())).toBe('refused BUILD_DIFFERS')
    await first.close()
    expect(world.workersOf(world.master('old'))).toHaveLength(2)
  })
})
