/** Inventories that handover and the real Ansible are asked about. */

export interface Case {
  readonly name: string
  /** By path; those that begin with `#!` are made executable. */
  readonly files: Readonly<Record<string, string>>
  /** `hosts` unless given. */
  readonly sources?: readonly string[]
  readonly playbookDir?: string
  readonly passwords?: readonly string[]
}

const ini = (name: string, text: string): Case => ({ name: `INI: ${name}`, files: { hosts: text } })
const yaml = (name: string, text: string): Case => ({
  name: `YAML: ${name}`,
  files: { 'hosts.yml': text },
  sources: ['hosts.yml'],
})
const script = (name: string, list: unknown, host = '{}'): Case => ({
  name: `program: ${name}`,
  files: {
    hosts: `#!/bin/sh\nif [ "$1" = --list ]; then cat <<'END'\n${JSON.stringify(list)}\nEND\nelse echo '${host}'; fi\n`,
  },
})
const beside = (name: string, files: Case['files'], more: Partial<Case> = {}): Case => ({
  name: `vars: ${name}`,
  files: { hosts: '[web]\na\nb\n[db]\nc\n[eu:children]\nweb\ndb\n', ...files },
  ...more,
})

export const cases: readonly Case[] = [
  ini('nothing', ''),
  ini('only comments', '# a\n; b\n\n'),
  ini('ungrouped hosts', 'a\nb\n'),
  ini('groups', '[web]\na\nb\n[db]\nb\nc\n'),
  ini('a host that is in a group, too, is not ungrouped', 'a\nb\n[web]\na\n'),
  ini('an empty group', '[web]\n[db]\na\n'),
  ini('children', '[web]\na\n[db]\nb\n[eu:children]\nweb\ndb\n[top:children]\neu\n'),
  ini(
    'children named before their groups',
    '[top:children]\neu\n[eu:children]\ndb\nweb\n[web]\na\n[db]\nb\n',
  ),
  ini('order of children', '[p:children]\nz\ny\nx\n[x]\n1x\n[y]\n1y\n[z]\n1z\n'),
  ini(
    'a diamond',
    '[low]\na\n[l:children]\nlow\n[r:children]\nlow\n[top:children]\nl\nr\n[l:vars]\nv=l\n[r:vars]\nv=r\n',
  ),
  ini('a section twice', '[web]\na\n[db]\nb\n[web]\nc\n'),
  ini('all and ungrouped as sections', '[all]\nx\n[ungrouped]\ny\n[web]\nz\nx\n'),
  ini('all:vars', 'a\n[all:vars]\nv=1\n[web]\nb\n'),
  ini('vars before the group', '[web:vars]\nv=1\n[web]\na\n'),
  ini('group_vars of an empty group', '[web]\na\n[none]\n[none:vars]\nv=1\n'),
  ini(
    'values on a host',
    'a n=1 f=1.5 t=True l="[1, 2]" s=text z=0755 q="\'1\'" e= none=None y=yes m=-3 x=0x1f\n',
  ),
  ini(
    'values of a section',
    '[g]\na\n[g:vars]\nn=1\nf=2.5\nt=True\ny=yes\nl=[1, "two"]\nd={"k": [1]}\nq="q"\nqq=\'q\'\ne=\nb = spaced out \nc=x # kept\ncc="x" # gone\ntuple=(1, 2)\nnone=None\nz=010\nj=true\n',
  ),
  ini('equals signs in a value', 'a k=b=c\n[g]\nb\n[g:vars]\nk=b=c==\n'),
  ini(
    'quotes on a host',
    `a one="two words" two='single "inside"' three="it's" four=a\\ b five=pre"mid"post\n`,
  ),
  ini('comments after a host', 'a x=1 # comment y=2\nb#c\nd x="#no"\n'),
  ini('comments after a header and a child', '[web] # the web\na\n[eu:children] # kids\nweb # one\n'),
  ini('semicolons', 'a\n;b\n[g] \n; c\nd\n'),
  ini('Python strings', `a r="r'\\\\d'" u="u'x'" j="'a' 'b'" n="'line\\\\n'"\n`),
  ini('Python numbers', 'a a=1_000 b=1e3 c=.5 d=5. e=0b11 f=0o17 g=+4 h=1__0 i=-0 j=1E-3 k=007\n'),
  ini(
    'Python collections',
    `a t="(1,)" p="(1)" b="1, 2" d="{'a': {'b': None}}" e="[]" f="{}" g="[1, [2, [3]]]"\n`,
  ),
  ini('values that are not literals', 'a a=1.2.3 b=[1 c={x d=nul e=10.0.0.1 f=1-2 g=$HOME h=`id` i=a,b\n'),
  ini('templates stay', 'a t="{{ other | default(1) }}" u="{% if x %}"\n[all:vars]\nv={{ x }}\n'),
  ini('names of variables', 'a some-name=1 with.dot=2 9=3 ünï=4\n'),
  ini('a variable twice', 'a v=1\n[g]\na v=2\n'),
  ini('ranges of numbers', '[w]\nw[1:3]\nx[01:03]\ny[08:12]\nz[0:10:5]\nh[1:2]-[1:2]\n[98:101]\n'),
  ini('ranges of letters', '[w]\nw[a:c]\nx[A:C]\ny[a:e:2].example.com\nz[y:z]x\n'),
  ini('an open range', 'w[:2]\n'),
  ini('ranges with vars', 'w[1:2] ansible_port=22 n=1\n'),
  ini('ports', 'a:2222\nb:22 x=1\nc ansible_port=9\n10.0.0.1:80\nd[1:2]:33\n'),
  ini('the first port stays', 'a:1\n[g]\na:2\n'),
  ini('IPv6', '::1\nfe80::1\n[2001:db8::1]:2222\n2001:db8::2 x=1\n[::2]:22\n'),
  ini('IPv4', '10.0.0.1\n10.0.0.[2:4]\n127.0.0.1\n'),
  ini('localhost', 'localhost ansible_connection=local\n[g]\nlocalhost\n'),
  ini('odd names of hosts', 'a_b\nA.B.c\n1\nx--y\nx.\n'),
  ini('a percent sign in the name of a host', 'a%b\n'),
  ini('odd names of groups', '[web-1]\na\n[web.2]\nb\n[3]\nc\n[ünïcode]\nd\n[a+b]\ne\n[x=y]\nf\n'),
  ini('a group and a host of one name', '[web]\na\n[eu]\nweb x=1\n'),
  ini('priority', '[a]\nh\n[b]\nh\n[a:vars]\nansible_group_priority=10\nv=a\n[b:vars]\nv=b\n'),
  ini('a low priority', '[a]\nh\n[b]\nh\n[b:vars]\nansible_group_priority=-1\nv=b\n[a:vars]\nv=a\n'),
  ini(
    'depth beats priority',
    '[low]\nh\n[mid:children]\nlow\n[mid:vars]\nv=mid\nansible_group_priority=99\n[low:vars]\nv=low\n',
  ),
  ini('names decide on one level', '[b]\nh\n[a]\nh\n[c]\nh\n[a:vars]\nv=a\n[b:vars]\nv=b\n[c:vars]\nw=c\n'),
  ini('Windows line ends and tabs', '[web]\r\na\tx=1\r\n\tb\r\n[web:vars]\r\nv=1\r\n'),
  ini('a byte order mark', '\ufeff[web]\na\n'),
  ini('unicode values', 'a v=größe w="日本 語" x=😀\n'),
  ini(
    'own names of Ansible',
    'a inventory_hostname=x group_names=y inventory_dir=/ ansible_facts=1 groups=2 real=3\n',
  ),
  ini('a child of two', '[x]\na\n[p:children]\nx\n[q:children]\nx\n'),
  ini('all as a parent', '[web]\na\n[all:children]\nweb\n'),
  ini('a cycle', '[a:children]\nb\n[b:children]\na\n'),
  ini('a group in itself', '[a:children]\na\n'),
  ini('an undeclared child', '[a:children]\nb\n'),
  ini('vars of an undeclared group', 'h\n[a:vars]\nv=1\n'),
  ini('an unknown section', '[a:hosts]\nh\n[b:nope]\n'),
  ini('a header with a space', '[a b]\nh\n'),
  ini('a word without equals', 'a b\n'),
  ini('an open quote', 'a x="1\n'),
  ini('a backward range', 'w[3:1]\n'),
  ini('a range of uneven zeros', 'w[01:3]\n'),
  ini('a colon at the end', 'a:\n'),
  ini('three dashes', '---\na\n'),
  yaml('hosts', 'all:\n  hosts:\n    a:\n    b: {x: 1}\n'),
  yaml(
    'children',
    'all:\n  children:\n    web:\n      hosts:\n        a:\n      children:\n        inner:\n          hosts: {b: }\n    db:\n',
  ),
  yaml(
    'several at the top',
    'web:\n  hosts: {a: }\ndb:\n  hosts: {b: {v: 1}}\n  vars: {w: 2}\neu:\n  children: {web: , db: }\n',
  ),
  yaml('a single word', 'web:\n  hosts: a\n  children: inner\n'),
  yaml(
    'ranges and ports',
    'web:\n  hosts:\n    w[1:3]:\n    x[a:b].example.com: {v: 1}\n    y:2222:\n    "[::1]:22":\n',
  ),
  yaml(
    'scalars',
    'all:\n  hosts:\n    a:\n      i: 1\n      o: 0644\n      h: 0x1F\n      b: 0b11\n      f: 1.5\n      e: 1.5e-3\n      ee: 1e3\n      y: yes\n      n: No\n      t: true\n      nul: null\n      tilde: ~\n      empty:\n      s: text\n      q: "1"\n      sx: 1:30\n      u: 1_000\n      d: 2001-12-14\n      neg: -5\n      plus: +5\n      dot: .5\n',
  ),
  yaml(
    'texts over lines',
    "all:\n  vars:\n    a: |\n      one\n      two\n    b: >-\n      folded\n      text\n    c: \"esc\\tape\\u00e9\"\n    d: 'it''s'\n  hosts: {h: }\n",
  ),
  yaml(
    'collections',
    'all:\n  hosts:\n    h:\n      l: [1, a, {b: c}]\n      d: {x: {y: [1, 2]}}\n      e: []\n      f: {}\n      block:\n        - 1\n        - k: v\n',
  ),
  yaml(
    'anchors and merges',
    'x: &x\n  vars: {v: 1}\nweb:\n  hosts:\n    a: &a {p: 1, q: 2}\n    b: {<<: *a, q: 3}\n    c: *a\n',
  ),
  yaml(
    'keys that are no text',
    'all:\n  hosts:\n    h:\n      d: {2: a, yes: b, 1.5: c, text: d, 0x10: e}\n',
  ),
  yaml('a host that is a number', 'all:\n  hosts:\n    10:\n'),
  yaml('a group that is a number', 'all:\n  children:\n    10:\n'),
  yaml('quoted numbers', 'all:\n  hosts:\n    "10":\n  children:\n    "20":\n      hosts: {a: }\n'),
  yaml('unsafe', 'all:\n  hosts:\n    h:\n      u: !unsafe "{{ x }}"\n      l: !unsafe [a, 1, {k: v}]\n'),
  yaml('a mapping that is empty', 'all:\n  hosts:\n  children:\n    web:\n    db: {}\n'),
  yaml('a document start', '---\nall:\n  hosts: {a: }\n'),
  yaml('templates stay', 'all:\n  hosts:\n    a: {v: "{{ b }}"}\n'),
  yaml('unicode', 'all:\n  hosts:\n    a: {größe: "日本"}\n'),
  yaml(
    'priority',
    'a:\n  hosts: {h: }\n  vars: {v: a, ansible_group_priority: 5}\nb:\n  hosts: {h: }\n  vars: {v: b}\n',
  ),
  yaml('order of groups', 'z:\n  hosts: {a: }\nm:\n  hosts: {b: }\na:\n  children: {z: , m: }\n'),
  yaml('ungrouped', 'ungrouped:\n  hosts: {a: }\nall:\n  hosts: {b: }\nweb:\n  hosts: {c: , b: }\n'),
  yaml(
    'a group below two',
    'all:\n  children:\n    l: {children: {x: {hosts: {a: }}}}\n    r: {children: {x: }}\n',
  ),
  yaml('a plugin', 'plugin: amazon.aws.aws_ec2\nregions: [eu-west-1]\n'),
  yaml('constructed', 'plugin: constructed\nstrict: false\n'),
  yaml('hosts as a list', 'all:\n  hosts: [a, b]\n'),
  yaml('a broken file', 'all:\n  hosts:\n    a: [1\n'),
  {
    name: 'JSON',
    files: {
      'h.json':
        '{"web": {"hosts": {"a": {"x": 1.5e-3, "y": [true, null], "z": "0644", "on": "yes"}}, "vars": {"v": {"1": 2}}}}',
    },
    sources: ['h.json'],
  },
  {
    name: 'JSON with tags of Ansible, without an extension',
    files: {
      hosts:
        '{"web": {"hosts": {"a": {"u": {"__ansible_unsafe": "{{ x }}"}, "v": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\\n6162\\n"}}}}}',
    },
  },
  { name: 'YAML without an extension', files: { hosts: 'web:\n  hosts:\n    a: {x: yes}\n' } },
  { name: 'INI with an extension', files: { 'hosts.ini': '[web]\na\n' }, sources: ['hosts.ini'] },
  { name: 'INI with a strange extension', files: { 'hosts.prod': '[web]\na\n' }, sources: ['hosts.prod'] },
  { name: 'an empty YAML file', files: { 'hosts.yml': '# nothing\n' }, sources: ['hosts.yml'] },
  { name: 'a list', files: {}, sources: ['a,b:22, c ,,10.0.0.1,[::1]:22,::2'] },
  { name: 'a list with one', files: {}, sources: ['a,'] },
  { name: 'a list after a file', files: { hosts: '[web]\na\n' }, sources: ['hosts', 'a,b,'] },
  { name: 'a list before a file', files: { hosts: '[web]\na\n' }, sources: ['a,b,', 'hosts'] },
  { name: 'a missing file', files: {}, sources: ['nowhere'] },
  {
    name: 'several sources',
    files: {
      'a.ini': '[web]\nh x=1 y=1\n[web:vars]\nv=a\n',
      'b.yml': 'web:\n  hosts:\n    h: {x: 2}\n    i:\n  vars: {v: b}\n',
      'c.ini': '[eu:children]\nweb\n',
    },
    sources: ['a.ini', 'b.yml', 'c.ini'],
  },
  {
    name: 'the same source twice',
    files: { hosts: '[web]\na x=1\n' },
    sources: ['hosts', 'hosts'],
  },
  {
    name: 'several sources with vars of their own',
    files: {
      'one/hosts': '[web]\na\n',
      'one/group_vars/web': 'v: one\nw: one',
      'two/hosts': '[web]\nb\n',
      'two/group_vars/web': 'v: two',
      'two/group_vars/all': 'w: all',
      'one/host_vars/b': 'h: 1',
    },
    sources: ['one/hosts', 'two/hosts'],
  },
  {
    name: 'several sources with vars, the other way round',
    files: {
      'one/hosts': '[web]\na\n',
      'one/group_vars/web': 'v: one',
      'two/hosts': '[web]\nb\n',
      'two/group_vars/web': 'v: two',
    },
    sources: ['two/hosts', 'one/hosts', 'two/hosts'],
  },
  {
    name: 'a directory',
    files: {
      'inv/20-db': '[db]\nb x=20\n',
      'inv/10-web.yml': 'web:\n  hosts: {a: , b: {x: 10}}\n',
      'inv/30.json': '{"eu": {"children": {"web": {}}}}',
    },
    sources: ['inv'],
  },
  {
    name: 'a directory with what is ignored',
    files: {
      'inv/hosts': 'a\n',
      'inv/hosts~': 'b\n',
      'inv/x.orig': 'c\n',
      'inv/x.bak': 'd\n',
      'inv/x.ini': 'e\n',
      'inv/x.cfg': 'f\n',
      'inv/x.retry': 'g\n',
      'inv/x.pyc': 'h\n',
      'inv/x.swp': 'i\n',
      'inv/README.md': 'read me\n',
      'inv/x.txt': 'k l\n',
      'inv/x.rst': 'm n\n',
      'inv/.hidden': 'o\n',
      'inv/vars_plugins/x': 'p q\n',
      'inv/old.bak/hosts': 'r\n',
      'inv/x.ini.prod': 's\n',
      'inv/host_vars/a': 'v: 1',
      'inv/group_vars/all': 'w: 1',
    },
    sources: ['inv'],
  },
  {
    name: 'a directory of directories',
    files: {
      'inv/b/hosts': '[g]\nb\n',
      'inv/a/deep/hosts': '[g]\na\n',
      'inv/b/group_vars/g': 'v: inner',
      'inv/group_vars/g': 'v: outer',
      'inv/c': '[g]\nc\n',
    },
    sources: ['inv'],
  },
  {
    name: 'a directory with a program',
    files: {
      'inv/10': '[web]\na x=1\n',
      'inv/20': `#!/bin/sh\necho '{"web": ["a", "b"], "_meta": {"hostvars": {"a": {"x": 2}}}}'\n`,
    },
    sources: ['inv'],
  },
  { name: 'an empty directory', files: { 'inv/.keep': '' }, sources: ['inv'] },
  {
    name: 'a directory where one declares what another uses',
    files: { 'inv/10': '[web]\na\n', 'inv/20': '[eu:children]\nweb\n[web:vars]\nv=1\n' },
    sources: ['inv'],
  },
  script('groups', {
    web: { hosts: ['a', 'b'], vars: { v: 1 } },
    db: ['c'],
    _meta: { hostvars: { a: { x: 1 }, zz: { y: 1 } } },
  }),
  script('children', { eu: { children: ['web', 'new'] }, web: { hosts: ['a'] }, _meta: { hostvars: {} } }),
  script('a group of vars only', { web: { some: 1, thing: [2] }, _meta: { hostvars: {} } }),
  script('without _meta', { web: { hosts: ['a', 'b'] } }, '{"asked": true}'),
  script('without _meta, nothing for a host', { web: { hosts: ['a', 'b'] } }, ''),
  script('_meta without hostvars', { web: ['a'], _meta: {} }, '{"asked": 1}'),
  script('tags of Ansible', {
    web: ['a'],
    _meta: { hostvars: { a: { u: { __ansible_unsafe: 'x' }, n: { m: null } } } },
  }),
  script('all and ungrouped', {
    all: { hosts: ['a'], vars: { v: 1 }, children: ['ungrouped', 'web'] },
    ungrouped: { hosts: ['b'] },
    web: ['c'],
    _meta: { hostvars: {} },
  }),
  script('a group and a host of one name', { web: ['web'], _meta: { hostvars: { web: { x: 1 } } } }),
  script('nothing', {}),
  script('an empty group', { web: { hosts: [] }, db: {}, _meta: { hostvars: {} } }),
  script('hosts that are no list', { web: { hosts: { a: {} } } }),
  script('a list', []),
  { name: 'program: fails', files: { hosts: '#!/bin/sh\necho no >&2\nexit 3\n' } },
  { name: 'program: not JSON', files: { hosts: '#!/bin/sh\necho hello\n' } },
  beside('all forms', {
    'group_vars/all.yml': 'from: all\nx: all',
    'group_vars/web': 'x: web',
    'group_vars/db.json': '{"x": "db"}',
    'group_vars/eu.yaml': 'x: eu\ne: eu',
    'host_vars/a.yml': 'x: a',
    'host_vars/c': 'h: 1',
  }),
  beside('a directory for a group', {
    'group_vars/web/20.yml': 'x: 20',
    'group_vars/web/10': 'x: 10\ny: 10',
    'group_vars/web/.no.yml': 'x: no',
    'group_vars/web/no.yml~': 'x: no',
    'group_vars/web/no.txt': 'x: no',
    'group_vars/web/sub/30.json': '{"z": 30}',
    'group_vars/web/sub.d/40.yml': 'z: 40',
  }),
  beside('which of several counts', {
    'group_vars/web.yml': 'x: yml',
    'group_vars/web.yaml': 'x: yaml',
    'group_vars/web.json': '{"x": "json"}',
    'group_vars/db': 'x: none',
    'group_vars/db.yml': 'x: yml',
    'group_vars/eu/a': 'e: dir',
    'group_vars/eu.yml': 'e: file',
  }),
  beside('dots in names', {
    'host_vars/a.b': 'v: 1',
    'group_vars/web.example': 'v: 1',
    hosts: 'a.b\n[web.example]\nc\n',
  }),
  beside('for nobody', { 'group_vars/nobody': 'x: [', 'host_vars/nobody.yml': 'x: [' }),
  beside('that are empty', {
    'group_vars/web': '',
    'group_vars/db': '---\n',
    'host_vars/a': '# nothing\n',
    'group_vars/eu': 'null\n',
  }),
  beside('over those in the inventory', {
    hosts: '[web]\na v=host\nb\n[web:vars]\nv=group\nw=group\n[all:vars]\nv=all\n',
    'group_vars/all': 'v: file all',
    'group_vars/web': 'w: file web',
    'host_vars/a': 'v: file host',
  }),
  beside('group_vars/all over a group in the inventory', {
    hosts: '[web]\na\n[web:vars]\nv=web\n',
    'group_vars/all': 'v: all',
  }),
  beside('of parents and children', { 'group_vars/eu': 'v: eu\ne: 1', 'group_vars/web': 'v: web' }),
  beside('by priority', {
    hosts: '[a]\nh\n[b]\nh\n[a:vars]\nansible_group_priority=5\n',
    'group_vars/a': 'v: a',
    'group_vars/b': 'v: b',
  }),
  beside('a priority in a file changes nothing', {
    hosts: '[a]\nh\n[b]\nh\n',
    'group_vars/a': 'v: a\nansible_group_priority: 9',
    'group_vars/b': 'v: b',
  }),
  beside(
    'beside the playbook',
    {
      'play/group_vars/all': 'v: play all\np: 1',
      'play/group_vars/web.yml': 'w: play',
      'play/host_vars/b': 'v: play b',
      'group_vars/web': 'w: inventory\nv: inventory',
      'host_vars/b': 'v: inventory b\nk: 1',
    },
    { playbookDir: 'play' },
  ),
  beside('dictionaries are replaced', { 'group_vars/all': 'd: {a: 1}', 'group_vars/web': 'd: {b: 2}' }),
  beside('numbers and words', {
    'group_vars/web': 'version: 1.26\nmode: 0755\nnode: on\ntime: 12:30:45\nlist: [yes, no, ~]',
  }),
  beside('a broken file', { 'group_vars/web': 'x: [1' }),
  beside('a list', { 'group_vars/web': '- 1\n' }),
  beside('a directory named like a file', { 'group_vars/web.yml/x': 'v: 1' }),
]

export const fleet = `alone
[web]
web[1:4]
[db]
db1
db2
[edge]
edge-eu[01:03].example.com
edge-us1.example.com
[eu:children]
web
db
[us:children]
edge
[top:children]
eu
us
[mixed]
web1
db2
[empty]
[v6]
2001:db8::1
[v4]
10.0.0.[1:3]
[web_old]
old1
[Web]
Upper1
`

/** A list is a pattern with its --limit. */
export const patterns: readonly (string | readonly [string, string])[] = [
  'all',
  '*',
  'web',
  'db',
  'eu',
  'us',
  'top',
  'mixed',
  'empty',
  'ungrouped',
  'alone',
  'web1',
  'web4',
  'edge-eu01.example.com',
  'web:db',
  'web,db',
  'db:web',
  'db,web',
  'web1:db1',
  'web db',
  ' web ',
  'web, db',
  'web,,db',
  'web:web1',
  'web1:web',
  'eu:&mixed',
  '&mixed',
  '&mixed:eu',
  'mixed:&eu',
  'eu:!mixed',
  '!mixed',
  '!mixed:eu',
  'eu:!web:&mixed',
  '!web:!db',
  'all:!eu:!us',
  'web:&mixed:!db',
  'eu,&mixed,!web',
  '&eu:&mixed',
  'top:&eu:!web[0]',
  'web:!web',
  'eu:!eu',
  'web:&db',
  '!all',
  '&empty',
  'empty:web',
  'web*',
  '*1',
  'web?',
  'w*:!web1',
  'web[0]',
  'web[3]',
  'web[-1]',
  'web[-4]',
  'web[0:1]',
  'web[1:2]',
  'web[1:]',
  'web[2:9]',
  'web[0:0]',
  'eu[0]',
  'eu[4]',
  'eu[1:4]',
  'all[0]',
  'all[2:3]',
  'mixed[1]',
  'web*[0]',
  'db?[1]',
  'edge[0]:edge[-1]',
  'web[1-2]',
  'web[0:0]:!web1',
  '!web[0]',
  'web:!web[1:2]',
  '&web[0:2]',
  'eu:&web[0:2]',
  'w*[1:2]',
  'web[9:12]',
  'web[2:1]',
  'edge*',
  'edge-eu*',
  '*.example.com',
  '*.example.*',
  'edge-??01.*',
  'edge-eu0[12]*',
  'edge-eu0[!1]*',
  'edge-[e]*',
  '[wd]*',
  'web[12]',
  'web[a]',
  '*[1]',
  '~web',
  '~web[12]',
  '~^web1$',
  '~(web|db)1',
  '~.*example',
  '~edge-(eu|us)\\d+',
  '~w.*:!web1',
  '~WEB',
  '~[Ww]eb',
  '~e',
  '~(?i)UPPER',
  '~web\\d$',
  '~x*',
  '2001:db8::1',
  '10.0.0.1',
  '10.0.0.*',
  '10.0.0.[12]',
  'v6',
  'v4[1:2]',
  'v4:!10.0.0.2',
  '10.0.0.1,10.0.0.3',
  '2001:db8::1,web1',
  '10.*:web1',
  'Web',
  'web_old',
  'Upper1',
  'web:Web',
  'old1:old1',
  'us:us',
  'mixed,mixed',
  'web1,web2,web1',
  'top:alone',
  'alone:top',
  'top:!us:!web*',
  ['all', 'web'],
  ['eu', 'mixed'],
  ['web', '!web1'],
  ['top', 'eu:!db'],
  ['web', 'web[0]'],
  ['db:web', 'web:db1'],
  ['all', '~.*1$'],
  ['web', '&mixed'],
  ['eu', 'web[1:2]'],
  ['all', 'us:&edge'],
  ['web*', 'web?'],
  ['us', 'us,eu'],
  ['all', '!all'],
]
