#!/usr/bin/env node
import { main } from './cli/main.ts'
import { processTerminal } from './cli/terminal.ts'

// A reader of our output that goes away (`| head`) must not end a run half-way.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
process.exitCode = await main(
  process.argv.slice(2),
  processTerminal(code => process.exit(code)),
)
