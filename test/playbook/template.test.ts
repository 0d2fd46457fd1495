import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createScope, renderTemplate } from '../../src/playbook/template.ts'
import { parseTemplate } from '../../src/playbook/template-syntax.ts'
import { faultsFrom } from './world.ts'

const vars = {
  name: 'web1',
  port: 8080,
  ratio: 0.5,
  on: true,
  nothing: null,
  site: { tls: { port: 443 }, names: ['a', 'b'], via: '{{ name }}' },
  full: '{{ name }}:{{ port }}',
  alias: '{{ site }}',
  again: '{{ full }}/{{ full }}',
  quoted: `it's`,
  braces: '}}',
  ping: '{{ pong }}',
  pong: '{{ ping }}',
  broken: '{{ nmae }}',
  jinja: '{% if x %}',
}
const render = (source: string, more = {}) => renderTemplate(source, createScope([vars, more]))

describe('what a template gives', () => {
  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['{{ name }}', 'web1'],
    ['{{name}}', 'web1'],
    ['{{   name\t}}', 'web1'],
    ['a {{ name }}-{{ port }} z', 'a web1-8080 z'],
    ['{{ port }}', 8080],
    [' {{ port }}', ' 8080'],
    ['{{ ratio }}', 0.5],
    ['{{ on }}', true],
    ['x{{ on }}', 'xtrue'],
    ['{{ nothing }}', null],
    ['{{ site.tls.port }}', 443],
    ['{{ site.names.1 }}', 'b'],
    ['{{ site.via }}', 'web1'],
    ['{{ full }}', 'web1:8080'],
    ['{{ alias.tls.port }}', 443],
    ['{{ again }}', 'web1:8080/web1:8080'],
    ['{{ name | upper }}', 'WEB1'],
    ['{{ name|upper|lower }}', 'web1'],
    ['{{ port | upper }}', '8080'],
    ['{{ quoted | quote }}', `'it'\\''s'`],
    ["{{ nope | default('x') }}", 'x'],
    ['{{ nope | default("x }} y") }}', 'x }} y'],
    ['{{ nope | default(80) }}', 80],
    ['{{ nope | default(-1.5) }}', -1.5],
    ['{{ nope | default(True) }}', true],
    ['{{ nope | default(port) }}', 8080],
    ['{{ nope.deep.er | default(1) }}', 1],
    ['{{ site.nope.deep | default(1) }}', 1],
    ['{{ name | default(1) }}', 'web1'],
    ['{{ nothing | default(1) }}', null],
    ['{{ nope | upper | default("x") }}', 'x'],
    ["{{ '{{' }}", '{{'],
    ['{{ "-" }}', '-'],
    ['{{ braces }}', '}}'],
    ['}} {name} {', '}} {name} {'],
  ])('%s -> %j', (source, expected) => {
    expect(render(source)).toStrictEqual(expected)
  })

  it('takes the last layer that has the name, whole', () => {
    expect(render('{{ site.tls }}', { site: { tls: 1 } })).toBe(1)
    expect(faultsFrom(() => render('{{ site.via }}', { site: { tls: 1 } }))).toMatchObject([
      { code: 'PLAYBOOK_UNDEFINED_VARIABLE' },
    ])
  })
})

const undefinedName = 'PLAYBOOK_UNDEFINED_VARIABLE'
describe('what is refused', () => {
  it.each([
    ['{{ nmae }}', undefinedName, '"nmae" is not defined', 'did you mean "name"?'],
    ['{{ site.tls.prot }}', undefinedName, '"site.tls.prot" is not defined', 'did you mean "site.tls.port"?'],
    ['{{ zzzzz }}', undefinedName, '"zzzzz" is not defined', undefined],
    ['{{ broken }}', undefinedName, '"nmae" is not defined (used by "broken")', 'did you mean "name"?'],
    [
      '{{ broken | default(1) }}',
      undefinedName,
      '"nmae" is not defined (used by "broken")',
      'did you mean "name"?',
    ],
    ['{{ site.names.2 }}', undefinedName, '"site.names.2" is not defined', undefined],
    ['{{ name.length }}', undefinedName, '"name.length" is not defined', undefined],
    ['{{ site.names.length }}', undefinedName, '"site.names.length" is not defined', undefined],
    ['{{ site.toString }}', undefinedName, '"site.toString" is not defined', undefined],
    ['{{ toString }}', undefinedName, '"toString" is not defined', undefined],
    ['{{ __proto__ }}', undefinedName, '"__proto__" is not defined', undefined],
    ['{{ site.constructor.name }}', undefinedName, '"site.constructor.name" is not defined', undefined],
    [
      '{{ env.HOME }}',
      'PLAYBOOK_NOT_BUILT',
      /^"env.HOME" is part of the playbook format/,
      'pass the value with -e',
    ],
    [
      '{{ ping }}',
      'PLAYBOOK_TEMPLATE',
      'the variable "ping" is defined by itself: ping -> pong -> ping',
      'give one of them a value',
    ],
    [
      '{{ jinja }}',
      'PLAYBOOK_TEMPLATE',
      'statements such as {% if %} are not supported',
      'decide it in vars',
    ],
    [
      '{% if a %}b{% endif %}',
      'PLAYBOOK_TEMPLATE',
      'statements such as {% if %} are not supported',
      'decide it in vars',
    ],
    ['a {# b #}', 'PLAYBOOK_TEMPLATE', 'template comments {# #} are not supported', 'use a YAML comment'],
    ['{{ name', 'PLAYBOOK_TEMPLATE', 'a template is opened with {{ and never closed', 'close it with }}'],
    ["{{ 'name }}", 'PLAYBOOK_TEMPLATE', 'a template is opened with {{ and never closed', 'close it with }}'],
    ['{{ }}', 'PLAYBOOK_TEMPLATE', 'an empty template {{ }} gives nothing', undefined],
    ['{{- name -}}', 'PLAYBOOK_TEMPLATE', 'whitespace control ({{- and -}}) is not supported', undefined],
    [
      '{{ lookup("env", "HOME") }}',
      'PLAYBOOK_TEMPLATE',
      'calls such as lookup(...) are not supported',
      undefined,
    ],
    ['{{ name.upper() }}', 'PLAYBOOK_TEMPLATE', 'calls such as lookup(...) are not supported', undefined],
    [
      '{{ port + 1 }}',
      'PLAYBOOK_TEMPLATE',
      'calculations and comparisons ("+") are not supported',
      'set the result in vars',
    ],
    [
      '{{ port == 1 }}',
      'PLAYBOOK_TEMPLATE',
      'calculations and comparisons ("=") are not supported',
      'set the result in vars',
    ],
    ['{{ a if b else c }}', 'PLAYBOOK_TEMPLATE', '"if" is not supported in a template', 'decide it in vars'],
    ['{{ not on }}', 'PLAYBOOK_TEMPLATE', '"not" is not supported in a template', 'decide it in vars'],
    ['{{ on and on }}', 'PLAYBOOK_TEMPLATE', '"and" is not supported in a template', 'decide it in vars'],
    [
      '{{ site["tls"] }}',
      'PLAYBOOK_TEMPLATE',
      '"[" is not supported in a template',
      'write a dotted path: name.0.part',
    ],
    [
      '{{ {"a": 1} }}',
      'PLAYBOOK_TEMPLATE',
      '"{" is not supported in a template',
      'a template is {{ name }} or {{ name | filter }}',
    ],
    ['{{ name port }}', 'PLAYBOOK_TEMPLATE', '"port" is not expected there', 'one template holds one name'],
    [
      '{{ name | b64encode }}',
      'PLAYBOOK_TEMPLATE',
      'the filter "b64encode" is not supported',
      'the filters are default, upper, lower, quote',
    ],
    ['{{ name | d(1) }}', 'PLAYBOOK_TEMPLATE', 'the filter "d" is not supported', 'did you mean "default"?'],
    ['{{ name | uper }}', 'PLAYBOOK_TEMPLATE', 'the filter "uper" is not supported', 'did you mean "upper"?'],
    [
      '{{ name | }}',
      'PLAYBOOK_TEMPLATE',
      'a filter is missing after "|"',
      'the filters are default, upper, lower, quote',
    ],
    ['{{ name | default }}', 'PLAYBOOK_TEMPLATE', 'the filter "default" needs a value', /write default/],
    [
      '{{ name | default(1, true) }}',
      'PLAYBOOK_TEMPLATE',
      'the filter "default" takes at most one plain value',
      /give a text/,
    ],
    ['{{ name | upper(1) }}', 'PLAYBOOK_TEMPLATE', 'the filter "upper" takes no argument', undefined],
    [
      '{{ site }}',
      'PLAYBOOK_TEMPLATE',
      'the template gives a mapping, and a single value is needed',
      undefined,
    ],
    [
      '{{ site.names }}',
      'PLAYBOOK_TEMPLATE',
      'the template gives a list, and a single value is needed',
      undefined,
    ],
    ['a{{ site.names }}', 'PLAYBOOK_TEMPLATE', 'a list cannot stand inside a text', undefined],
    ['a{{ nothing }}', 'PLAYBOOK_TEMPLATE', 'an empty value cannot stand inside a text', undefined],
    ['{{ site | quote }}', 'PLAYBOOK_TEMPLATE', 'a mapping cannot stand inside a text', undefined],
  ])('%s', (source, code, message, hint) => {
    const [found, ...others] = faultsFrom(() => render(source))
    expect(others).toEqual([])
    expect(found?.code).toBe(code)
    expect(found?.message).toMatch(message)
    if (typeof message === 'string') expect(found?.message).toBe(message)
    if (hint instanceof RegExp) expect(found?.hint).toMatch(hint)
    else expect(found?.hint).toBe(hint)
  })

  it('a NUL cannot be quoted', () => {
    expect(faultsFrom(() => render('{{ a | quote }}', { a: 'x\0y' }))).toMatchObject([
      { code: 'PLAYBOOK_TEMPLATE' },
    ])
  })

  it('a chain that is too deep', () => {
    const chain = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`v${n}`, `{{ v${n + 1} }}`]))
    expect(faultsFrom(() => render('{{ v0 }}', { ...chain, v40: 1 }))).toMatchObject([
      { message: 'variables refer to each other more than 32 deep' },
    ])
    expect(render('{{ v10 }}', { ...chain, v40: 1 })).toBe(1)
  })

  it('a chain that doubles', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [`v${n}`, `{{ v${n + 1} }}{{ v${n + 1} }}`]),
    )
    expect(faultsFrom(() => render('{{ v0 }}', { ...chain, v30: 'x' }))).toMatchObject([
      { message: 'the text grows beyond 65536 characters' },
    ])
  })
})

describe('for any text', () => {
  it('either gives a value or a fault that names it, and never hangs', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '{%',
      '|',
      "'",
      '"',
      ' ',
      'name',
      'default',
      '(',
      ')',
      '.',
      '1',
      'site',
      '-',
      '\n',
      '{',
      '}',
    )
    const source = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map(parts => parts.join('')),
    )
    fc.assert(
      fc.property(source, text => {
        const faults = faultsFrom(() => render(text))
        expect(faults.length).toBeLessThan(2)
      }),
      { numRuns: 2000 },
    )
  })

  it('leaves text without templates alone', () => {
    fc.assert(
      fc.property(
        fc.string().filter(text => !/\{[{%#]/.test(text)),
        text => render(text) === text,
      ),
    )
  })

  it('fills in a value and never reads it as a template when it is a parsed part', () => {
    fc.assert(
      fc.property(
        fc.string().filter(text => !/\{[{%#]/.test(text)),
        text => {
          expect(render('<{{ value }}>', { value: text })).toBe(`<${text}>`)
        },
      ),
    )
  })
})

it('parses to plain data', () => {
  expect(parseTemplate("a{{ b.c | default('d') | upper }}")).toEqual([
    'a',
    {
      head: { kind: 'name', path: ['b', 'c'] },
      filters: [{ kind: 'default', value: { kind: 'literal', value: 'd' } }, { kind: 'upper' }],
    },
  ])
})
