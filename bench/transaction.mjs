// Whole transactions over a fleet of lab hosts, forward and back, against a parallel OpenSSH loop that does the same
// unsafely: upload, `-t`, replace, USR2, WINCH, QUIT in one script a host, with no check after any of it.
// Interleaved, medians, as a ratio. Usage: node bench/transaction.mjs [hosts] [rounds]
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
cat > usr/sbin/nginx.new; chmod 755 usr/sbin/nginx.new
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
const loop = join(dir, 'loop.sh')
writeFileSync(
  loop,
  `#!/bin/bash
${lab.hosts
  .map(
    ({ name, sshPort }) =>
      `ssh -F none -i ${lab.clientKey} -p ${sshPort} -o UserKnownHostsFile=${lab.knownHosts} -o BatchMode=yes ` +
      `${lab.user}@127.0.0.1 "$(cat ${join(dir, `${name}.sh`)})" < "$1" & pids+=($!)`,
  )
  .join('\n')}
for pid in "\${pids[@]}"; do wait "$pid" || exit 1; done
`,
)
chmodSync(loop, 0o755)

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

try {
  const ours = []
  const theirs = []
  for (let round = 0; round <= rounds; round++) {
    const a = await thereAndBack(handover)
    const b = await thereAndBack(artifact => measure(loop, [artifact]))
    // The first round warms caches and is not counted.
    if (round === 0) continue
    ours.push(a)
    theirs.push(b)
    console.log(
      `round ${round}: handover ${a.wall.toFixed(2)} s, loop ${b.wall.toFixed(2)} s, ratio ${(a.wall / b.wall).toFixed(2)}`,
    )
  }
  const per = 2 * hosts
  console.log(`\n${hosts} hosts, forward and back, ${rounds} rounds; medians (lowest to highest)`)
  console.log(
    `wall seconds         handover ${range(ours.map(x => x.wall))}   loop ${range(theirs.map(x => x.wall))}`,
  )
  console.log(
    `controller CPU ms    handover ${range(ours.map(x => (x.cpu * 1000) / per))}   loop ${range(theirs.map(x => (x.cpu * 1000) / per))}   a host and transaction`,
  )
  console.log(
    `forks                handover ${range(ours.map(x => x.forks / per))}   loop ${range(theirs.map(x => x.forks / per))}   a host and transaction, whole machine`,
  )
  console.log(`ratio of wall times  ${range(ours.map((x, index) => x.wall / theirs[index].wall))}`)
} finally {
  await stopLab(lab.dir)
  rmSync(dir, { recursive: true, force: true })
}
