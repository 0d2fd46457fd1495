import { describe, expect, it } from 'vitest'
import { sleep } from '../../src/core/clock.ts'
import { lifeOf } from './life.ts'
import { virtualTime } from './virtual-clock.ts'

const always = () => true

describe('virtual time', () => {
  it('happens in order, those of one time in the order they were asked for', async () => {
    const time = virtualTime()
    const seen: string[] = []
    for (const [ms, what] of [
      [30, 'c'],
      [10, 'a'],
      [30, 'd'],
      [20, 'b'],
    ] as const)
      time.after(ms, () => seen.push(`${what} ${time.nowMs()}`))
    time.after(15, () => seen.push('called off'))()
    expect(await time.play(100, always)).toBe('quiet')
    expect(seen).toEqual(['a 10', 'b 20', 'c 30', 'd 30'])
  })

  it('lets every promise run out before the next event', async () => {
    const time = virtualTime()
    const seen: string[] = []
    const long = async () => {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve()
      seen.push('promises')
    }
    time.after(1, () => void long(), 'controller')
    time.after(1.1, () => seen.push('next event'))
    await time.play(100, always)
    expect(seen).toEqual(['promises', 'next event'])
  })

  it('tells of a story without an end', async () => {
    const time = virtualTime()
    const again = () => void time.after(1, again)
    again()
    expect(await time.play(1000, always)).toBe('endless')
  })
})

describe('a controller', () => {
  const story = async (happens: (life: ReturnType<typeof lifeOf>) => void) => {
    const time = virtualTime()
    const life = lifeOf(time, 'run', 1)
    const woken: number[] = []
    void sleep(life.clock, 1000).then(() => woken.push(time.nowMs()))
    time.after(500, () => happens(life), 'controller')
    await time.play(1000, always)
    return { woken, ...life.clock.now() }
  }

  it('that was killed never hears anything again', async () => {
    expect((await story(life => life.kill())).woken).toEqual([])
  })

  it('that is stopped hears it when it goes on', async () => {
    expect((await story(life => life.stop(5000, false))).woken).toEqual([5500])
  })

  it('that is suspended does not see that time on its monotonic clock, nor in its timers', async () => {
    const { woken, monotonicMs, wallMs } = await story(life => life.stop(5000, true))
    expect(woken).toEqual([6000])
    expect(monotonicMs).toBe(1000)
    expect(wallMs % 1_000_000).toBe(6000)
  })
})
