/** `handover schema`: the playbook format as JSON Schema. */
import { exitCode } from '../core/exit-code.ts'
import { playbookSchema } from '../playbook/json-schema.ts'
import type { Terminal } from './terminal.ts'

export async function schemaCommand(terminal: Terminal): Promise<number> {
  terminal.out(`${JSON.stringify(playbookSchema(), null, 2)}\n`)
  return exitCode.done
}
