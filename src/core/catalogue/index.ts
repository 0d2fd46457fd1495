/** Every error code of handover, one file an area. A code that is not here cannot be reported. */
import { hostCodes } from './host.ts'
import { inventoryCodes } from './inventory.ts'
import { labCodes } from './lab.ts'
import { playbookCodes } from './playbook.ts'
import { runCodes } from './run.ts'
import { sshCodes } from './ssh.ts'

export const catalogue = {
  ...playbookCodes,
  ...inventoryCodes,
  ...sshCodes,
  ...hostCodes,
  ...runCodes,
  ...labCodes,
} as const
