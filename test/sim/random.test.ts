import { it } from 'vitest'
import { play } from './play.ts'
import { storyOf } from './random-story.ts'
import { tell } from './story.ts'
it('plays', async () => {
  const from = Number(process.env.SIM_SEED ?? 1)
  const n = Number(process.env.SIM_RUNS ?? 1)
  const started = Date.now()
  let steps = 0, hosts = 0, struck = 0
  const kinds = new Map<string, string[]>()
  const outcomes = new Map<string, number>()
  for (let seed = from; seed < from + n; seed++) {
    const story = storyOf(seed)
    const p = await play(story)
    steps += p.steps; hosts += story.hosts.length; struck += p.struck
    const o = p.finish?.outcome ?? 'none'
    outcomes.set(o, (outcomes.get(o) ?? 0) + 1)
    if (p.violations.length) {
      const key = (p.violations[0] ?? '').replace(/h\d/g, 'hN')
      kinds.set(key, [...(kinds.get(key) ?? []), String(seed)])
      if (n === 1) {
        console.log(tell(story), '\n', p.violations.join('\n'))
        for (const e of p.sheet.entries) console.log(e.atMs.toFixed(1), e.epoch, e.body.type, 'host' in e.body ? e.body.host : '', JSON.stringify('fault' in e.body ? e.body.fault?.message : 'stand' in e.body ? e.body.stand : 'reason' in e.body ? e.body.reason : 'faults' in e.body ? e.body.faults.map(f=>f.message) : ''))
      }
    }
  }
  for (const [k, v] of [...kinds].sort((a, b) => b[1].length - a[1].length)) console.log(v.length, k, v.slice(0, 6).join(' '))
  console.log({ ms: Date.now() - started, steps: steps / n, hosts: hosts / n, struck: struck / n }, outcomes)
}, 600_000)
