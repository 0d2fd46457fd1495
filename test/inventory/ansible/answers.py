"""What the real Ansible says about many inventories, in one process: starting it takes a second each time.

Reads JSON from stdin: a list of {"directory", "arguments", "patterns"}; prints a list of {"list", "graph", "hosts"}.
`list` is null when Ansible fails, `hosts` is by pattern, null where Ansible fails. Warnings are dropped.
"""
import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

# Without this a source that cannot be read is only warned about, and left out.
os.environ['ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED'] = '1'

from ansible import context
from ansible.cli.inventory import InventoryCLI
from ansible.utils.context_objects import CLIArgs
from ansible.utils.display import Display

shown = []


def keep(self, msg, *args, **kwargs):
    if not kwargs.get('stderr'):
        shown.append(msg)


def begin(options):
    """As the original, which does it once for a process."""
    context.CLIARGS = CLIArgs.from_options(options)


Display.display = keep
context._init_global_context = begin


def run(arguments):
    """The output of `ansible-inventory ARGUMENTS`, or None when it fails."""
    shown.clear()
    try:
        InventoryCLI(['ansible-inventory', *arguments]).run()
    except SystemExit as end:
        return '\n'.join(shown) if end.code in (0, None) else None
    except Exception:
        return None


def match(case):
    """`ansible PATTERN --list-hosts` for each pattern, after one load."""
    if not case['patterns']:
        return {}
    cli = InventoryCLI(['ansible-inventory', *case['arguments'], '--list'])
    cli.parse()
    _, inventory, _ = cli._play_prereqs()
    hosts = {}
    for pattern in case['patterns']:
        key = json.dumps(pattern, separators=(',', ':'), ensure_ascii=False)
        try:
            inventory.subset(pattern[1] if isinstance(pattern, list) else None)
            text = pattern[0] if isinstance(pattern, list) else pattern
            hosts[key] = [host.name for host in inventory.get_hosts(text)]
        except Exception:
            hosts[key] = None
    return hosts


def answer(case):
    os.chdir(case['directory'])
    listed = run([*case['arguments'], '--list'])
    return {
        'list': None if listed is None else json.loads(listed),
        'graph': run([*case['arguments'], '--graph']),
        'vars': run([*case['arguments'], '--graph', '--vars']),
        'hosts': match(case),
    }


cases = json.load(sys.stdin)
with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
    answers = [answer(case) for case in cases]
json.dump(answers, sys.stdout)
