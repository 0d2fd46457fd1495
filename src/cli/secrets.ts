/** The secrets of a plan, read anew by every controller that leads it, and kept out of everything that is shown. */
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { cutHider, type Hide, hideIn, hider, type Secret } from '../core/secret.ts'
import type { ProbeSpec } from '../health/probe.ts'
import type { Journal } from '../journal/journal.ts'
import type { Plan, PlannedProbe } from '../plan/plan.ts'
import { unsealed } from '../playbook/sealed.ts'
import { readSecrets } from '../playbook/secrets.ts'
import { jsonLine } from '../report/json.ts'
import type { Terminal } from './terminal.ts'

export interface Secrets {
  /** What is looked at, with the texts in it; undefined where one of them cannot be had. Only for `probe`. */
  reveal(probe: PlannedProbe): ProbeSpec | undefined
  readonly hide: Hide
  /** For what a check has seen, which may have been cut. */
  readonly hideCut: Hide
}

/** For whoever looks at no health check. */
export const noSecrets: Secrets = { reveal: probe => probe, hide: text => text, hideCut: text => text }

/** @throws HandoverError SECRET_UNAVAILABLE. */
export function secretsOf({ secrets: sources }: Plan, { env }: Pick<Terminal, 'env'>): Secrets {
  if (!sources) return noSecrets
  const { secrets, faults } = readSecrets(sources, env)
  if (faults.length > 0) throw new HandoverError(faults)
  return secretsFrom(secrets)
}

/** For a run that goes back, where no check is looked at: what can be had of them is hidden, and the rest is not needed. */
export function secretsAtHand({ secrets: sources }: Plan, { env }: Pick<Terminal, 'env'>): Secrets {
  return sources ? secretsFrom(readSecrets(sources, env).secrets) : noSecrets
}

/**
 * For a run that has not begun: a secret that is part of a name could not be kept out of anything.
 * @throws HandoverError SECRET_UNAVAILABLE, PLAYBOOK_SECRET.
 */
export function secretsOfNew(plan: Plan, terminal: Pick<Terminal, 'env'>): Secrets {
  const secrets = secretsOf(plan, terminal)
  const faults = namesOf(plan).flatMap(([what, names]): Fault[] => {
    if (names.every(name => secrets.hide(name) === name)) return []
    // Not which: that would tell where to look for it.
    return [
      fault(
        'PLAYBOOK_SECRET',
        `the text of a secret occurs in ${what}, so it cannot be kept out of what is shown`,
        {
          hint: 'use a long random text as the secret, or another name',
        },
      ),
    ]
  })
  if (faults.length > 0) throw new HandoverError(faults)
  return secrets
}

function namesOf({ name, hosts, stages }: Plan): [string, string[]][] {
  return [
    ['the name of the play', [name]],
    ['the name of a stage', stages.map(stage => stage.name)],
    ['the name of a host', hosts.map(host => host.name)],
    ['the address of a host', hosts.map(host => host.address)],
    ['the name of a check', hosts.flatMap(({ health }) => health.map(check => check.name))],
  ]
}

function secretsFrom(secrets: ReadonlyMap<string, Secret>): Secrets {
  const textOf = (name: string) => secrets.get(name)?.reveal() ?? ''
  return {
    hide: hider(secrets.values()),
    hideCut: cutHider(secrets.values()),
    reveal(probe) {
      if (probe.kind === 'tcp' || !probe.secrets) return probe
      if (!probe.secrets.every(name => secrets.has(name))) return undefined
      if (probe.kind === 'command') return { ...probe, run: probe.run.map(word => unsealed(word, textOf)) }
      // A secret is data: whatever is in it, the address asks the same host for the same page.
      const url = unsealed(probe.url, name => encodeURIComponent(textOf(name)))
      return { ...probe, url, body: probe.body && unsealed(probe.body, textOf) }
    },
  }
}

/** Nothing that is known to be secret reaches a screen or a pipe, wherever it came from. */
export function hushed(terminal: Terminal, secrets: Secrets): Terminal {
  if (secrets === noSecrets) return terminal
  const { hide } = secrets
  // Defined, not assigned: the terminal itself may be frozen. Its getters stay what they are.
  return Object.create(terminal, {
    out: { value: (text: string) => terminal.out(hideOutput(text, hide)) },
    err: { value: (text: string) => terminal.err(hideOutput(text, hide)) },
  }) as Terminal
}

/** A line for programs keeps its names and types, as the journal does. */
function hideOutput(text: string, hide: Hide): string {
  if (!text.startsWith('{"')) return hide(text)
  try {
    return `${jsonLine(hideIn(JSON.parse(text), hide))}\n`
  } catch {
    return hide(text)
  }
}

/** Nor the disk; but names, types and numbers stay what they are, for the run is led by them. */
export function hushedJournal(journal: Journal, secrets: Secrets): Journal {
  if (secrets === noSecrets) return journal
  const { hide } = secrets
  return {
    ...journal,
    append: body => journal.append(hideIn(body, hide)),
    publish: body => journal.publish(hideIn(body, hide)),
  }
}
