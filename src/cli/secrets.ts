/** The secrets of a plan, read anew by every controller that leads it, and kept out of everything that is shown. */
import { type Hide, hideIn, hider } from '../core/secret.ts'
import type { ProbeSpec } from '../health/probe.ts'
import type { Journal } from '../journal/journal.ts'
import type { Plan, PlannedProbe } from '../plan/plan.ts'
import { unsealed } from '../playbook/sealed.ts'
import { readSecrets } from '../playbook/secrets.ts'
import type { Terminal } from './terminal.ts'

export interface Secrets {
  /** What is looked at, with the texts in it. Only for `probe`. */
  reveal(probe: PlannedProbe): ProbeSpec
  readonly hide: Hide
}

/** For whoever looks at no health check. */
export const noSecrets: Secrets = { reveal: probe => probe, hide: text => text }

/** @throws HandoverError SECRET_UNAVAILABLE. */
export function secretsOf({ secrets: sources }: Plan, { env }: Pick<Terminal, 'env'>): Secrets {
  if (!sources) return noSecrets
  const secrets = readSecrets(sources, env)
  const textOf = (name: string) => {
    const secret = secrets.get(name)
    if (!secret) throw new Error(`the plan does not say where the secret ${name} is`)
    return secret.reveal()
  }
  return {
    hide: hider(secrets.values()),
    reveal(probe) {
      if (probe.kind === 'tcp' || !probe.secrets) return probe
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
    out: { value: (text: string) => terminal.out(hide(text)) },
    err: { value: (text: string) => terminal.err(hide(text)) },
  }) as Terminal
}

/** Nor the disk. */
export function hushedJournal(journal: Journal, secrets: Secrets): Journal {
  if (secrets === noSecrets) return journal
  const { hide } = secrets
  return {
    ...journal,
    append: body => journal.append(hideIn(body, hide)),
    publish: body => journal.publish(hideIn(body, hide)),
  }
}
