// Whole transactions over a fleet of lab hosts, forward and back, against a parallel OpenSSH loop that does the same
// unsafely: upload, `-t`, replace, USR2, WINCH, QUIT in one script a host, with no check after any of it. The loop is
// measured as it is usually written (scp, then ssh) and in its tightest form (one ssh that takes the file on stdin).
// Interleaved, medians, as ratios. Usage: node bench/transaction.mjs [hosts] [rounds]
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startLab, stopLab } from '../dist/lab/fleet.js'
import { fetchBinaries } from '../dist/lab/packages.js'
import { labStatus } from '../dist/lab/status.js'

const hosts = Number(process.argv[2] ?? 30)
const rounds = Number(process.argv[3] ?? 5)
const bin = fileURLToPath(new URL('../dist/bin.js', import.meta.url))
const { older, newer } = await fetchBinaries()
const dir = mkdtempSync(join(tmpdir(), 'handover-bench-'))
const lab = await startLab({ dir: join(dir, 'lab'), hosts, binary: older.path })

const playbook = join(dir, 'playbook.yml')
writeFileSync(
  playbook,
  `name: bench
hosts: lab
artifact: { src: "{{ artifact }}" }
handover:
  driver: nginx
  binary: "{{ lab_root }}/usr/sbin/nginx"
  pid_file: "{{ lab_root }}/run/nginx.pid"
  state_dir: "{{ lab_root }}/var/lib/handover"
concurrency: ${hosts}
rollback: { concurrency: ${hosts} }
health:
  - name: answers
    http: { url: "http://127.0.0.1:{{ http_port }}/healthz", body: ok }
    interval: 100ms
    healthy: 1
`,
)

// The script of one host. It waits for the new pid file, because without any wait most hosts end in an outage.
const script = root => `set -e
cd "${root}"; old=$(cat run/nginx.pid)
[ "$1" = scp ] || cat > usr/sbin/nginx.new
chmod 755 usr/sbin/nginx.new
usr/sbin/nginx.new -t -q -c "${root}/etc/nginx/nginx.conf" -p "${root}/" -e "${root}/var/log/nginx/error.log"
mv -f usr/sbin/nginx.new usr/sbin/nginx
kill -USR2 $old
n=0
until new=$(cat run/nginx.pid 2>/dev/null) && [ -n "$new" ] && [ "$new" != $old ]; do
  sleep 0.02; n=$((n+1)); [ $n -lt 500 ]
done
kill -WINCH $old; kill -QUIT $old
`
for (const host of lab.hosts) writeFileSync(join(dir, `${host.name}.sh`), script(host.root))
const options = `-F none -i ${lab.clientKey} -o UserKnownHostsFile=${lab.knownHosts} -o BatchMode=yes`
const at = `${lab.user}@127.0.0.1`
const loops = {
  'scp and ssh': ({ name, root, sshPort }) =>
    `{ scp -q ${options} -P ${sshPort} "$1" ${at}:${root}/usr/sbin/nginx.new && ` +
    `ssh ${options} -p ${sshPort} ${at} "set -- scp; $(cat ${join(dir, `${name}.sh`)})" </dev/null; }`,
  'one ssh': ({ name, sshPort }) =>
    `ssh ${options} -p ${sshPort} ${at} "set -- ssh; $(cat ${join(dir, `${name}.sh`)})" < "$1"`,
}
for (const [name, command] of Object.entries(loops)) {
  const lines = lab.hosts.map(host => `${command(host)} & pids+=($!)`)
  const wait = 'for pid in "${pids[@]}"; do wait "$pid" || exit 1; done'
  writeFileSync(loopFile(name), `#!/bin/bash\n${lines.join('\n')}\n${wait}\n`)
  chmodSync(loopFile(name), 0o755)
}

function loopFile(name) {
  return join(dir, `${name.replaceAll(' ', '-')}.sh`)
}

// Wall and CPU seconds of a command with everything it waited for, and the processes born on the machine meanwhile.
function measure(command, args) {
  const born = () => Number(/^processes (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))[1])
  const before = born()
  const timed = spawnSync('bash', ['-c', 'TIMEFORMAT="%R %U %S"; time "$@"', 'bash', command, ...args], {
    encoding: 'utf8',
  })
  const forks = born() - before
  if (timed.status !== 0) throw new Error(`${command} ${args[0]} failed: ${timed.stdout}\n${timed.stderr}`)
  const [wall, user, sys] = timed.stderr.trim().split('\n').at(-1).split(' ').map(Number)
  return { wall, cpu: user + sys, forks }
}

const handover = artifact =>
  measure(process.execPath, [
    bin,
    'run',
    playbook,
    '-i',
    lab.inventory,
    '-e',
    `artifact=${artifact}`,
    '--run-dir',
    join(dir, 'runs'),
    '--output',
    'json',
  ])

// The old processes of the loop go on ending after it; the next measurement must not pay for them.
async function settled(version) {
  for (let tries = 0; tries < 500; tries++) {
    const { hosts: found } = await labStatus(lab.dir)
    if (found.every(host => host.version === version && host.masters === 1 && host.workers === 2)) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`the lab did not settle on ${version}`)
}

async function thereAndBack(run) {
  const forward = run(newer.path)
  await settled(newer.version)
  const back = run(older.path)
  await settled(older.version)
  return {
    wall: forward.wall + back.wall,
    cpu: forward.cpu + back.cpu,
    forks: forward.forks + back.forks,
  }
}

const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
const range = list =>
  `${median(list).toFixed(2)} (${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)})`

const contestants = {
  handover,
  ...Object.fromEntries(
    Object.keys(loops).map(name => [name, artifact => measure(loopFile(name), [artifact])]),
  ),
}
const results = Object.fromEntries(Object.keys(contestants).map(name => [name, []]))
const per = 2 * hosts

try {
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      const result = await thereAndBack(run)
      // The first round warms caches and is not counted.
      if (round > 0) results[name].push(result)
    }
    if (round > 0) {
      console.log(
        `round ${round}: ${Object.entries(results)
          .map(([name, list]) => `${name} ${list.at(-1).wall.toFixed(2)} s`)
          .join(', ')}`,
      )
    }
  }
  console.log(`\n${hosts} hosts, forward and back, ${rounds} rounds; medians (lowest to highest)`)
  for (const [name, list] of Object.entries(results)) {
    console.log(`${name.padEnd(12)} wall ${range(list.map(x => x.wall))} s`)
    console.log(
      `${''.padEnd(12)} controller CPU ${range(list.map(x => (x.cpu * 1000) / per))} ms a host and transaction`,
    )
    console.log(
      `${''.padEnd(12)} forks ${range(list.map(x => x.forks / per))} a host and transaction, the whole machine`,
    )
  }
  for (const name of Object.keys(loops)) {
    const ratios = results.handover.map((x, index) => x.wall / results[name][index].wall)
    console.log(`ratio of wall times, handover to ${name}: ${range(ratios)}`)
  }
} finally {
  await stopLab(lab.dir)
  rmSync(dir, { recursive: true, force: true })
}
