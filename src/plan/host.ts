/** One host of the plan: every template filled in with the variables of that host, every value checked. */
import { dirname, resolve } from 'node:path'
import { type Fault, fault } from '../core/fault.ts'
import { shortName } from '../inventory/host-name.ts'
import {
  addressRefusal,
  argumentRefusal,
  flagRefusal,
  pathRefusal,
  programRefusal,
  readAddress,
  urlRefusal,
} from '../playbook/host-value.ts'
import type { HealthCheck, HostValue, Playbook, Probe } from '../playbook/playbook.ts'
import { isSealed, namesIn, referring, sealedVars } from '../playbook/sealed.ts'
import {
  createScope,
  faultsAt,
  renderSealed,
  renderTemplate,
  type Scalar,
  type Scope,
} from '../playbook/template.ts'
import { hasTemplate, type Template } from '../playbook/template-syntax.ts'
import type { Refusal } from '../playbook/values.ts'
import type { PlanHost, PlannedCheck, PlannedHost, PlannedProbe } from './plan.ts'

export interface HostInput {
  readonly playbook: Playbook
  /** When neither inventory nor playbook says. */
  readonly become: boolean
  /** Shared by all hosts. */
  readonly parsed: Map<string, Template>
}

/** `faults` holds what stops this host; the planned host is meaningless when there are any. */
export function resolveHost(
  host: PlanHost,
  stage: number,
  input: HostInput,
): { planned: PlannedHost; faults: Fault[] } {
  const { playbook } = input
  const { handover } = playbook
  const look = lookAt(host, input)
  const planned: PlannedHost = {
    name: host.name,
    address: host.address,
    port: host.port,
    user: host.user,
    identityFiles: host.identityFiles,
    knownHostsFiles: host.knownHostsFiles,
    // The inventory knows the host better than the playbook, as with every connection variable of Ansible.
    become: host.become ?? (playbook.become === null ? input.become : look.flag(playbook.become)),
    connectTimeoutMs: host.connectTimeoutMs ?? null,
    stage,
    handover: {
      driver: handover.driver,
      binary: look.text(handover.binary, pathRefusal),
      pidFile: look.text(handover.pidFile, pathRefusal),
      drainTimeoutMs: handover.drainTimeoutMs,
      startTimeoutMs: handover.startTimeoutMs,
      stateDir: handover.stateDir && look.text(handover.stateDir, pathRefusal),
      allow: [
        ...(handover.allowConfigChange ? (['config'] as const) : []),
        ...(handover.allowBuildChange ? (['build'] as const) : []),
      ],
    },
    health: playbook.health.map(check => resolveCheck(check, look, playbook.file)),
  }
  return { planned, faults: look.faults }
}

interface Look {
  readonly faults: Fault[]
  readonly text: (value: HostValue, check: (text: string) => Refusal | undefined) => string
  /** As `text`, where secrets may stand; their names are added. */
  readonly sealed: (
    value: HostValue,
    check: (text: string) => Refusal | undefined,
    names: Set<string>,
  ) => string
  readonly flag: (value: HostValue) => boolean
}

function lookAt(host: PlanHost, { playbook, parsed }: HostInput): Look {
  const faults: Fault[] = []
  const scope = scopeOf(host, playbook, parsed)
  const filled = <T>(
    value: HostValue,
    render: (source: string, scope: Scope) => T,
  ): T | string | boolean | undefined => {
    if (typeof value.source === 'boolean' || !hasTemplate(value.source)) return value.source
    try {
      return render(value.source, scope)
    } catch (error) {
      faults.push(...faultsAt(error, { host: host.name, place: value.place }))
      return undefined
    }
  }
  const scalarOf = (value: HostValue) => filled<Scalar>(value, renderTemplate)
  const refuse = (value: HostValue, { message, hint }: Refusal) => {
    const more = { host: host.name, place: value.place, ...(hint && { hint }) }
    faults.push(fault('PLAYBOOK_VALUE', `${value.key} ${message}`, more))
  }
  const checked = (
    value: HostValue,
    scalar: Scalar | undefined,
    check: (text: string) => Refusal | undefined,
  ) => {
    if (scalar === undefined) return ''
    if (isEncrypted(host, value, String(scalar))) {
      faults.push(wouldBeShown(host, value))
      return ''
    }
    const refusal = scalar === null ? { message: 'must not be empty' } : check(String(scalar))
    if (refusal) refuse(value, refusal)
    return String(scalar)
  }
  return {
    faults,
    text: (value, check) => checked(value, scalarOf(value), check),
    sealed(value, check, names) {
      const found = filled(value, renderSealed)
      if (!isSealed(found)) return checked(value, found, check)
      for (const name of namesIn(found)) names.add(name)
      const text = referring(found)
      if (text === undefined) refuse(value, { message: 'must not have "{{" or "}}" beside a secret' })
      return text === undefined ? '' : checked(value, text, check)
    },
    flag(value) {
      const scalar = scalarOf(value)
      const refusal = scalar === undefined ? undefined : flagRefusal(scalar)
      if (refusal) refuse(value, refusal)
      return scalar === true || scalar === 'true'
    },
  }
}

/** Shorter ones are no secrets, and would be found in anything. */
const shortestSecret = 4

/** Did its template bring in what the inventory has encrypted? */
function isEncrypted({ decrypted }: PlanHost, { source }: HostValue, text: string): boolean {
  if (!decrypted || typeof source === 'boolean' || !hasTemplate(source)) return false
  for (const plain of decrypted) {
    if (plain.length >= shortestSecret && text.includes(plain) && !source.includes(plain)) return true
  }
  return false
}

function wouldBeShown({ name }: PlanHost, { key, place }: HostValue): Fault {
  const message = `${key} holds a text that the inventory has encrypted, and the plan would keep and show it`
  const hint = 'name it under secrets in the playbook, from the environment or a file of its own'
  return fault('PLAYBOOK_SECRET', message, { host: name, place, hint })
}

/** What a template may name on this host: facts of the connection, inventory < playbook < -e, secrets, its own name. */
function scopeOf(host: PlanHost, playbook: Playbook, parsed: Map<string, Template>): Scope {
  const connection = { ansible_host: host.address, ansible_port: host.port, ansible_user: host.user }
  const magic = { inventory_hostname: host.name, inventory_hostname_short: shortName(host.name) }
  return createScope(
    [connection, host.vars, playbook.vars, playbook.extraVars, sealedVars(playbook.secrets), magic],
    parsed,
  )
}

function resolveCheck(check: HealthCheck, look: Look, file: string): PlannedCheck {
  return { ...check, probe: resolveProbe(check.probe, look, file) }
}

function resolveProbe(probe: Probe, look: Look, file: string): PlannedProbe {
  if (probe.kind === 'tcp') {
    const address = readAddress(look.text(probe.address, addressRefusal))
    return { kind: 'tcp', host: address?.host ?? '', port: address?.port ?? 0, from: probe.from }
  }
  const names = new Set<string>()
  const resolved =
    probe.kind === 'http' ? resolveHttp(probe, look, names) : resolveCommand(probe, look, names, file)
  return names.size === 0 ? resolved : { ...resolved, secrets: [...names] }
}

function resolveHttp(probe: Extract<Probe, { kind: 'http' }>, look: Look, names: Set<string>) {
  const isEmpty = (text: string) => (text === '' ? { message: 'must not be empty' } : undefined)
  const url = look.sealed(probe.url, urlRefusal, names)
  return { ...probe, url, body: probe.body && look.sealed(probe.body, isEmpty, names) }
}

function resolveCommand(
  { run: words, from }: Extract<Probe, { kind: 'command' }>,
  look: Look,
  names: Set<string>,
  file: string,
) {
  const [program = '', ...args] = words.map((word, index) =>
    index === 0
      ? look.text(word, text => argumentRefusal(text) ?? programRefusal(text, from))
      : look.sealed(word, argumentRefusal, names),
  )
  const isRelative = from === 'controller' && program.includes('/')
  return {
    kind: 'command' as const,
    run: [isRelative ? resolve(dirname(file), program) : program, ...args],
    from,
  }
}
