import { expect, it } from 'vitest'
import { wrapLines } from '../../src/report/wrap.ts'

const long = 'one two three four five six seven eight nine ten'

it.each([
  ['short', 40, ['short']],
  [long, 40, ['one two three four five six seven eight', '  nine ten']],
  [`  ${long}`, 40, ['  one two three four five six seven', '    eight nine ten']],
  [`  a label  ${long}`, 40, ['  a label  one two three four five six', '           seven eight nine ten']],
  [`    why:  ${long}`, 40, ['    why:  one two three four five six', '          seven eight nine ten']],
  [`${'x'.repeat(50)} y`, 40, ['x'.repeat(50), '  y']],
  ['漢字 '.repeat(10).trim(), 40, ['漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字', '  漢字 漢字']],
  [`${long} ${long}`, 39, [`${long} ${long}`]],
  ['', 40, ['']],
])('%j in %i columns', (line, width, wanted) => {
  expect(wrapLines([line], width)).toEqual(wanted)
})
