/** A plan for fewer hosts. Pure, as every plan. */
import { fingerprintOf } from './fingerprint.ts'
import type { Plan } from './plan.ts'

/** Stages that lose their last host go, too. The same plan when nobody is left out. */
export function narrowed(plan: Plan, isMeant: (host: string) => boolean): Plan {
  if (plan.hosts.every(({ name }) => isMeant(name))) return plan
  const kept = plan.stages.flatMap((stage, index) => {
    const hosts = stage.hosts.filter(isMeant)
    return hosts.length > 0 ? [{ index, stage: { ...stage, hosts } }] : []
  })
  const places = new Map(kept.map(({ index }, place) => [index, place]))
  const hosts = plan.hosts.flatMap(host => {
    const stage = places.get(host.stage)
    return stage !== undefined && isMeant(host.name) ? [{ ...host, stage }] : []
  })
  const { fingerprint: _, ...rest } = { ...plan, hosts, stages: kept.map(({ stage }) => stage) }
  return { ...rest, fingerprint: fingerprintOf(rest) }
}
