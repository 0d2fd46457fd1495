/** Several plays in one file. */
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../src/core/fault.ts'
import { loadPlaybook, loadPlays } from '../../src/playbook/load.ts'
import type { Playbook } from '../../src/playbook/playbook.ts'
import { faultsFrom, marked, minimal, write } from './world.ts'

/** As entries of a list. */
function list(...plays: readonly string[]): string {
  return plays.map(play => `- ${play.trimEnd().replaceAll('\n', '\n  ')}\n`).join('')
}

const second = minimal.replace('name: nginx', 'name: second')
const plays = (text: string): Playbook[] => loadPlays(write(text), { extraVars: {} })

function faultsIn(text: string): { faults: readonly Fault[]; places: object[] } {
  const { text: plain, places } = marked(text)
  return { faults: faultsFrom(() => plays(plain)), places }
}

describe('what is read', () => {
  it('one mapping is one play', () => {
    expect(plays(minimal).map(play => play.name)).toEqual(['nginx'])
  })

  it('a list has its plays in order, each with its own places and variables', () => {
    const [first, other] = plays(
      list(`vars: { port: 1 }\n${minimal}`, `vars: { port: 2 }\norder: reverse\n${second}`),
    )
    expect(first).toMatchObject({ name: 'nginx', vars: { port: 1 }, order: 'inventory', place: { line: 1 } })
    expect(other).toMatchObject({ name: 'second', vars: { port: 2 }, order: 'reverse', place: { line: 6 } })
    expect(other?.hostsPlace).toMatchObject({ line: 9, column: 10, excerpt: '  hosts: web\n         ^' })
    expect(other?.handover.binary.place).toMatchObject({ line: 11 })
  })

  it('an anchor of one play is known in the next', () => {
    const [, other] = plays(
      list(minimal.replace('artifact: ', 'artifact: &a '), second.replace('{ src: nginx-new }', '*a')),
    )
    expect(other?.artifact.path).toMatch(/nginx-new$/)
  })

  it('loadPlaybook takes the only play of a list, and no more', () => {
    expect(loadPlaybook(write(list(minimal)), { extraVars: {} }).name).toBe('nginx')
    expect(faultsFrom(() => loadPlaybook(write(list(minimal, second)), { extraVars: {} }))).toMatchObject([
      { code: 'PLAYBOOK_NOT_BUILT', place: { line: 5, column: 3 } },
    ])
  })
})

describe('what is refused', () => {
  it('the faults of every play, at their places', () => {
    const { faults, places } = faultsIn(
      list(`»serial: 1\n${minimal}`, second.replace('web', '»""'), `${minimal}»nope: 1\n`),
    )
    expect(faults.map(one => one.code)).toEqual([
      'PLAYBOOK_UNKNOWN_KEY',
      'PLAYBOOK_VALUE',
      'PLAYBOOK_UNKNOWN_KEY',
    ])
    expect(faults).toMatchObject(places.map(place => ({ place })))
  })

  it('two plays of one name, also when a template makes it', () => {
    const templated = `vars: { n: nginx }\n${minimal.replace('name: nginx', 'name: »"{{ n }}"')}`
    const { faults, places } = faultsIn(list(minimal, templated))
    expect(faults).toMatchObject([
      {
        code: 'PLAYBOOK_VALUE',
        message: 'line 1 has a play named "nginx" already',
        place: places[0],
      },
    ])
  })
})
