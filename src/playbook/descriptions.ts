/** Every key of the format in a sentence, for editors and for `handover schema`; by mapping, as `knownKeys`. */

const from = '"controller" or "host": where the look is taken from.'

export const descriptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    name: 'One line, shown everywhere.',
    hosts: 'An Ansible host pattern over the inventory.',
    become: 'true: work as root through sudo, without a password.',
    vars: 'Variables for templates.',
    vars_files: 'Files with further variables, relative to the playbook; they win over vars.',
    secrets: 'Texts that are never shown or kept, by name: where each is read when a run begins.',
    artifact: 'The new binary.',
    handover: 'The daemon, and how it is handed over.',
    concurrency: 'Most hosts being changed at one time, over the whole run: a number or a percentage.',
    max_failed: 'How many hosts may fail after the start without taking the fleet back.',
    max_unreachable: 'How many hosts may be left out because they do not answer at the start.',
    order: 'In which order hosts are taken.',
    lease: 'A host goes back by itself this long after the controller was last heard.',
    on_drain_limit:
      'What happens to old workers that still serve requests at drain_timeout after the commit.',
    commit: 'fleet: every old master stays parked until the last stage is good.',
    rollback: 'How fast to go back.',
    health: 'Checks that every switched host must pass until the commit.',
    stages: 'The steps of the rollout, in order; together they take every host.',
  },
  'secrets.*': {
    env: 'The name of an environment variable of the controller.',
    file: 'A file on the controller, relative to the playbook, that not every user may read.',
  },
  artifact: {
    src: 'The new binary on the controller, relative to the playbook.',
    sha256: 'What the file must be, as sha256sum prints it.',
  },
  handover: {
    driver: 'The kind of daemon.',
    binary: 'Absolute path of the binary on the host.',
    pid_file: 'Absolute path of the pid file of the master.',
    drain_timeout: 'How long old workers may finish their requests, from the moment they stop accepting.',
    start_timeout: 'How long the new master may take to come up with all its workers.',
    state_dir: 'Absolute path for what handover keeps on the host.',
    allow_config_change: 'true: let in hosts whose configuration was edited since it was loaded.',
    allow_build_change: 'true: let in a binary that was built with other paths, users or modules.',
  },
  rollback: { concurrency: 'Most hosts going back at one time: a number or a percentage.' },
  'health.*': {
    name: 'One line; no two checks have the same.',
    http: 'Ask for a page.',
    tcp: 'Open a connection.',
    command: 'Run a program; exit code 0 is a pass.',
    interval: 'How often to look.',
    timeout: 'How long one look may take; then it is a failure.',
    healthy: 'Passes in a row that make the host healthy.',
    unhealthy: 'Failures in a row that make it fail.',
    deadline: 'The check must have passed often enough within this after the switch.',
  },
  'health.*.http': {
    url: 'http or https, in full, such as "http://{{ inventory_hostname }}/healthz".',
    status: 'The status that is expected. Redirects are not followed.',
    body: 'A text the answer must contain.',
    from,
  },
  'health.*.tcp': { address: '"host:port", or "[address]:port" for IPv6.', from },
  'health.*.command': { run: 'The program and each argument. No shell is involved.', from },
  'stages.*': {
    name: 'One line; no two stages have the same.',
    hosts: 'A number of hosts, a percentage of the whole run, a pattern, or "rest".',
    concurrency: 'May only lower the one of the run.',
    bake: 'How long the fleet is watched after all hosts of the stage are healthy.',
    gate: 'approval: wait for `handover approve` before the first host of the stage.',
    gate_timeout: 'How long the gate waits; then every host goes back.',
  },
}
