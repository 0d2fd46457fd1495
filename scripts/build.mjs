// Compiles src to dist, and puts the host program's shell files beside the code that reads them.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
mkdirSync(join(dist, 'host'), { recursive: true })
for (const name of readdirSync(join(root, 'src/host')).filter(name => name.endsWith('.sh'))) {
  copyFileSync(join(root, 'src/host', name), join(dist, 'host', name))
}
chmodSync(join(dist, 'bin.js'), 0o755)
