/** `handover init`: a first playbook and inventory that validate as they are, to be edited. */
import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exitCode } from '../core/exit-code.ts'
import { fault, HandoverError } from '../core/fault.ts'
import { shellQuote } from '../core/shell-quote.ts'
import { printable } from '../core/text.ts'
import type { Terminal } from './terminal.ts'

/** @throws HandoverError USAGE when one of the files is there already, or none can be written. */
export async function initCommand(terminal: Terminal, dir: string): Promise<number> {
  const files = [
    { path: join(dir, 'inventory.yml'), text: inventory },
    { path: join(dir, 'playbook.yml'), text: playbook(someProgram()) },
  ]
  const taken = files.filter(({ path }) => lstatSync(path, { throwIfNoEntry: false }))
  if (taken.length > 0) throw new HandoverError(taken.map(({ path }) => refusal(`${path} is there already`)))
  for (const { path, text } of files) write(dir, path, text)
  const [hosts = '', play = ''] = files.map(({ path }) => (/^[\w./-]+$/.test(path) ? path : shellQuote(path)))
  terminal.out(
    printable(`written: ${hosts} and ${play}
next:
  edit ${hosts}: your hosts, as for Ansible, or use the inventory you have
  edit ${play}: artifact.src, the new binary; then handover and health, as your nginx runs
  handover validate ${play} -i ${hosts}     checks the files
  handover preflight ${play} -i ${hosts}    connects, looks, changes nothing
  handover run ${play} -i ${hosts}          the whole transaction
`),
  )
  return exitCode.done
}

/** A directory that is gone, a link, or a file that has come up since: nothing that exists is ever written to. */
function write(dir: string, path: string, text: string): void {
  try {
    mkdirSync(dir, { recursive: true })
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new HandoverError(refusal(`cannot write ${path}: ${code}`))
  }
}

function refusal(message: string) {
  return fault('USAGE', message, { hint: 'name another directory: handover init DIR' })
}

/** So that the playbook validates before there is a new binary; no host lets such a program in. */
function someProgram(): string {
  return existsSync('/bin/true') ? '/bin/true' : process.execPath
}

const inventory = `# The hosts, as for Ansible. Check it with: handover plan playbook.yml -i inventory.yml --list-hosts
web:
  vars:
    ansible_user: deploy # who logs in; key files and ports: ansible_ssh_private_key_file, ansible_port
  hosts:
    web[1:3].example.com:
`

function playbook(program: string): string {
  return `# The upgrade of nginx on the hosts of inventory.yml. Every key: docs/playbook.md.
# For completion in editors: handover schema > playbook.schema.json, and uncomment the next line.
# # yaml-language-server: $schema=playbook.schema.json
name: nginx upgrade
hosts: web # a group, or any pattern of Ansible
become: true # through sudo, without a password

artifact:
  # EDIT: the new nginx, on this machine, relative to this file. Until then any program lets the file validate.
  src: ${JSON.stringify(program)}

handover:
  driver: nginx
  binary: /usr/sbin/nginx # where the hosts have it
  pid_file: /run/nginx.pid
  drain_timeout: 30s # how long old workers may finish their requests

concurrency: 2 # most hosts being changed at once
max_failed: 0 # one host that fails takes every host back

health:
  # EDIT: what a healthy host answers.
  - name: answers
    http: { url: "http://{{ inventory_hostname }}/", status: 200 }
    interval: 1s
    timeout: 2s
    healthy: 3 # passes in a row
    unhealthy: 2 # failures in a row
    deadline: 30s

stages:
  - { name: canary, hosts: 1, bake: 1m } # watched for a minute before the next stage
  - { name: rest, hosts: rest }
`
}
