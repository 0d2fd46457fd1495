// Loaded before the program: it kills itself at the n-th write of its journal. `before`: nothing of it is on disk; `torn`:
// half a line is; `after`: all of it is durable, and nobody has heard of it.
import { open } from 'node:fs/promises'

const [side, n] = (process.env.KILL_AT ?? '').split(':')
const probe = await open('/dev/null')
const prototype = Object.getPrototypeOf(probe)
await probe.close()
const { appendFile, datasync } = prototype
const die = () => process.kill(process.pid, 'SIGKILL')
let written = 0

prototype.appendFile = async function (data, ...rest) {
  if (!String(data).startsWith('{"v":1,"seq":')) return appendFile.call(this, data, ...rest)
  written++
  if (written === Number(n) && side === 'before') die()
  if (written === Number(n) && side === 'torn') {
    await appendFile.call(this, String(data).slice(0, Math.ceil(data.length / 2)))
    await datasync.call(this)
    die()
  }
  await appendFile.call(this, data, ...rest)
}
prototype.datasync = async function () {
  await datasync.call(this)
  if (written === Number(n) && side === 'after') die()
}
