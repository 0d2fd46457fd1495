/** The playbook format, mapping by mapping. Templates of what is the same for every host are filled in before. */
import * as z from 'zod'
import { formatDuration } from '../core/duration.ts'
import {
  addressRefusal,
  argumentRefusal,
  flagRefusal,
  hostFlag,
  hostText,
  pathRefusal,
  programRefusal,
  urlRefusal,
} from './host-value.ts'
import { hasTemplate } from './template-syntax.ts'
import { count, duration, line, refuse, stageHosts, text, wholeNumber } from './values.ts'
import { onWindowClose, windows } from './windows.ts'

const mapping = { error: 'a mapping' }
const flag = z
  .union([z.boolean(), z.string()], { error: 'true or false' })
  .transform((value, ctx): boolean => {
    const refusal = flagRefusal(value)
    // As text too, because -e gives text.
    return refusal ? refuse(ctx, refusal) : value === true || value === 'true'
  })
const localFile = line.superRefine((value, ctx) => {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return
  refuse(ctx, {
    message: `must be a file on this machine, not ${JSON.stringify(value)}`,
    hint: 'fetch it first',
  })
})
const from = z.enum(['controller', 'host'], { error: '"controller" or "host"' }).prefault('controller')

export const artifact = z.strictObject(
  {
    src: localFile,
    sha256: z
      .string({ error: 'text' })
      .regex(/^[0-9a-fA-F]{64}$/, 'must be the 64 hexadecimal digits that sha256sum prints')
      .transform(hex => hex.toLowerCase())
      .optional(),
  },
  mapping,
)

export const handover = z.strictObject(
  {
    driver: z.literal('nginx', { error: '"nginx"' }),
    binary: hostText(pathRefusal, '^/'),
    pid_file: hostText(pathRefusal, '^/'),
    drain_timeout: duration(0).prefault('30s'),
    start_timeout: duration(1).prefault('30s'),
    state_dir: hostText(pathRefusal, '^/').optional(),
    allow_config_change: flag.prefault(false),
    allow_build_change: flag.prefault(false),
  },
  mapping,
)

export const http = z.strictObject(
  {
    url: hostText(urlRefusal, '^https?://'),
    status: wholeNumber(100, 599).prefault(200),
    body: hostText(value => (value === '' ? { message: 'must not be empty' } : undefined)).optional(),
    from,
  },
  mapping,
)

export const tcp = z.strictObject({ address: hostText(addressRefusal, ':\\d+$'), from }, mapping)

export const command = z
  .strictObject(
    {
      run: z.array(hostText(argumentRefusal), { error: 'a list of words' }).min(1, 'must name a program'),
      from,
    },
    mapping,
  )
  .superRefine((value, ctx) => {
    const [program] = value.run
    if (program === undefined || hasTemplate(program)) return
    const refusal = programRefusal(program, value.from)
    if (!refusal) return
    const { message, ...params } = refusal
    ctx.addIssue({ code: 'custom', message, params, path: ['run', 0] })
  })

export const health = z
  .strictObject(
    {
      name: line,
      http: http.optional(),
      tcp: tcp.optional(),
      command: command.optional(),
      interval: duration(1).prefault('1s'),
      timeout: duration(1).prefault('2s'),
      healthy: wholeNumber(1, 1000).prefault(2),
      unhealthy: wholeNumber(1, 1000).prefault(2),
      deadline: duration(1).prefault('30s'),
    },
    mapping,
  )
  .superRefine((check, ctx) => {
    const needed = check.interval * check.healthy
    const at = { code: 'custom' as const, path: ['deadline'] }
    if (check.deadline < needed) {
      const message = `must be at least ${formatDuration(needed)}: ${check.healthy} passes in a row, one every ${formatDuration(check.interval)}, take that long`
      ctx.addIssue({ ...at, message, params: { hint: 'raise deadline, or lower healthy or interval' } })
    } else if (check.timeout > check.deadline) {
      ctx.addIssue({
        ...at,
        message: `must not be shorter than one check may take (timeout ${formatDuration(check.timeout)})`,
        params: { hint: 'raise deadline, or lower timeout' },
      })
    }
  })

export const stage = z.strictObject(
  {
    name: line,
    hosts: stageHosts,
    concurrency: count(1).optional(),
    bake: duration(0).prefault('0s'),
    gate: z.literal('approval', { error: '"approval"' }).optional(),
    // Long enough to wake somebody; every old master stays parked all the while.
    gate_timeout: duration(1000).prefault('1h'),
  },
  mapping,
)

export const rollback = z.strictObject(
  // Slow out, fast back: going back restores what worked, and every second on the new version counts.
  { concurrency: count(1).prefault(50) },
  mapping,
)

/** Where the text of a secret is read when a run begins. */
export const secret = z.strictObject(
  {
    env: text.regex(/^[A-Za-z_]\w*$/, 'must be the name of an environment variable').optional(),
    file: line.optional(),
  },
  { error: 'a mapping with "env" or "file"' },
)

export const playbook = z.strictObject(
  {
    name: line,
    hosts: line,
    become: hostFlag.optional(),
    vars: z.record(z.string(), z.unknown(), mapping).optional(),
    vars_files: z.array(line, { error: 'a list of paths' }).optional(),
    secrets: z.record(z.string(), secret, mapping).prefault({}),
    artifact,
    handover,
    // 1 would be the safest and takes a fleet of hundreds all night; 5 is what Ansible's forks taught people
    // to expect, and a mistake that slips through the canary still meets only five hosts at a time.
    concurrency: count(1).prefault(5),
    max_failed: count(0).prefault(0),
    max_unreachable: count(0).prefault(0),
    order: z
      .enum(['inventory', 'sorted', 'reverse', 'shuffle'], {
        error: '"inventory", "sorted", "reverse" or "shuffle"',
      })
      .prefault('inventory'),
    // Long enough for a controller that is restarted, short enough for a night shift.
    lease: duration(2000).prefault('2m'),
    on_drain_limit: z.enum(['terminate', 'leave'], { error: '"terminate" or "leave"' }).prefault('terminate'),
    commit: z.literal('fleet', { error: '"fleet"' }).prefault('fleet'),
    rollback: rollback.prefault({}),
    health: z.array(health, { error: 'a list of checks' }).prefault([]),
    stages: z
      .array(stage, { error: 'a list of stages' })
      .min(1, 'must have at least one stage')
      .prefault([{ name: 'all', hosts: 'rest' }]),
    windows,
    on_window_close: onWindowClose,
  },
  { error: 'a mapping of keys such as name, hosts and artifact' },
)

export type CheckedPlaybook = z.output<typeof playbook>
